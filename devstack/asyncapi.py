"""Write docs/reference/asyncapi.json from the models of the records: `python -m devstack.asyncapi`."""

from __future__ import annotations

import json
from pathlib import Path

from faust_app.core.messages.topics import Topics
from faust_app.web.docs.asyncapi import asyncapi_document

FILE = Path(__file__).parents[1] / "docs" / "reference" / "asyncapi.json"


def text() -> str:
    """Return the document of an installation whose topics have the usual names."""
    return json.dumps(asyncapi_document(Topics.named("shop-images.")), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
