"""What a sender reads of a wrong field: in the product's words, and never what was sent."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from faust_app.core.messages.events import BatchItem, Image, ImageRequest
from faust_app.core.messages.field_errors import problems
from faust_app.core.republish.selection import Selection

PYDANTIC = re.compile(r"Input|should|Field required|Extra|Value error|instance of|pattern|permitted")


def reasons(model: type[BaseModel], content: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate_json(json.dumps(content))
    return problems(raised.value)


@pytest.mark.parametrize(
    ("model", "content", "expected"),
    [
        (Image, {}, ("source_url", "is required")),
        (Image, {"source_url": 5}, ("source_url", "must be text")),
        (Image, {"source_url": "http://a.test/", "colour": 1}, ("colour", "is not a known field")),
        (Image, {"source_url": "http://a.test/", "external_version": 0}, ("external_version", "must be at least 1")),
        (Image, {"source_url": "http://a.test/", "external_version": 1.5}, ("external_version", "must be a whole number")),
        (Image, [], ("body", "must be an object")),
        (BatchItem, {"op": "paint", "image_id": "a"}, ("op", "must be one of register, update, delete")),
        (BatchItem, {"op": "delete", "image_id": "a", "source_url": "http://a.test/"}, ("source_url", "must be absent for delete")),
        (Selection, {"states": ["all"]}, ("states.0", "must be one of failed, lost, done, queued, scheduled, deleted")),
        (Selection, {"states": []}, ("states", "must not be empty")),
        (Selection, {"codes": ["DROP;"]}, ("codes.0", "has characters that are not allowed here")),
        (Selection, {"until": 0}, ("until", "must be a time with a zone, like 2026-03-01T12:00:00Z")),
        (Selection, {"until": "1772366400"}, ("until", "must be a time with a zone, like 2026-03-01T12:00:00Z")),
        (Selection, {"since": "yesterday"}, ("since", "must be a time with a zone, like 2026-03-01T12:00:00Z")),
        (Selection, {"since": "2026-03-01T12:00:00"}, ("since", "needs a time zone, like 2026-03-01T12:00:00Z")),
        (Selection, {"cause": ""}, ("cause", "must not be empty")),
        (Selection, {"include_good": "yes"}, ("include_good", "must be true or false")),
        (Selection, {"shops": 7}, ("shops", "must be a list")),
    ],
)
def test_each_mistake_is_named_with_what_to_do(model: type[BaseModel], content: object, expected: tuple[str, str]) -> None:
    assert reasons(model, content) == [expected]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*ImageRequest.model_fields, *Selection.model_fields, "other"])


@pytest.mark.parametrize("model", [Image, BatchItem, ImageRequest, Selection])
@settings(suppress_health_check=[HealthCheck.too_slow])  # any JSON takes long to draw on a busy machine
@given(content=st.dictionaries(NAMES, JSON, max_size=5))
def test_no_phrase_of_the_library_reaches_a_sender(model: type[BaseModel], content: dict[str, Any]) -> None:
    try:
        model.model_validate_json(json.dumps(content))
    except ValidationError as error:
        for field, reason in problems(error):
            assert field
            assert not PYDANTIC.search(reason), (content, field, reason)
