"""Declares the image topics to Faust as raw bytes: it would acknowledge a record it cannot decode before anyone sees it."""

import faust
from faust.types import TopicT

from faust_app.core.messages.topics import TopicSpec


def raw_topic(app: faust.App, spec: TopicSpec) -> TopicT:
    """Declare a topic whose records reach the agent as bytes; `setup` creates it, never Faust."""
    return app.topic(spec.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", allow_empty=True)
