"""The AsyncAPI document: what the models say, in docs/ and below /docs, and whether it holds together."""

import json
import re
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from devstack.asyncapi import FILE, text
from faust_app.core.failure import FailureCode
from faust_app.core.images.dead_letter import DeadLetterHeaders, dead_letter
from faust_app.core.messages.events import ImageRequest
from faust_app.core.messages.record import Record
from faust_app.core.messages.topics import Topics
from faust_app.core.results.result import ImageResult
from faust_app.web.docs.asyncapi import asyncapi_document
from tests.factories import NOW
from tests.web.operator_site import open_site

DOCUMENT = asyncapi_document(Topics.named("p."))
MODELS: dict[str, type[BaseModel]] = {"ImageRequest": ImageRequest, "ImageResult": ImageResult}


def resolved(reference: str) -> Any:
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_the_reference_is_what_the_models_give() -> None:
    assert FILE.read_text() == text(), "run `python -m devstack.asyncapi`"


async def test_an_installation_serves_its_own_topics_to_everybody_once() -> None:
    async with open_site() as site:
        first = await site.client.get("/docs/asyncapi.json")
        assert json.loads(await first.text()) == DOCUMENT
        again = await site.client.get("/docs/asyncapi.json", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")


def test_every_reference_leads_to_a_part_of_the_document() -> None:
    references = re.findall(r'"\$ref": "([^"]*)"', json.dumps(DOCUMENT))
    assert len(references) > 8
    assert all(resolved(reference) for reference in references)


def test_it_tells_of_every_topic_that_others_write_or_read() -> None:
    topics = Topics.named("p.")
    addresses = {channel["address"]: channel["bindings"]["kafka"] for channel in DOCUMENT["channels"].values()}
    assert {name: told["partitions"] for name, told in addresses.items()} == {
        topic.name: topic.partitions for topic in (topics.requests, topics.results, topics.dead_letter)
    }
    assert {operation["channel"]["$ref"].rpartition("/")[2] for operation in DOCUMENT["operations"].values()} == set(DOCUMENT["channels"])


@pytest.mark.parametrize("name", MODELS)
def test_an_example_is_read_by_its_model_and_allowed_by_its_schema(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    (example,) = message["examples"]
    MODELS[name].model_validate_json(json.dumps(example["payload"]))
    jsonschema.validate(example["payload"], message["payload"] | {"components": DOCUMENT["components"]})


def test_the_schema_refuses_what_the_model_of_a_request_refuses() -> None:
    message = DOCUMENT["components"]["messages"]["ImageRequest"]
    wrong = message["examples"][0]["payload"] | {"surplus": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, message["payload"] | {"components": DOCUMENT["components"]})


def test_a_dead_letter_has_the_headers_that_are_told_and_no_others() -> None:
    record = Record("t", 1, 2, 3, None, b"x" * 200_000)
    letter = dead_letter(
        record, topic="d", group="g", code=FailureCode.EMPTY, detail="d", at=NOW, exception="E", image=(7, "ö/1", 5, 0)
    )  # fmt: skip
    told = {field.alias for field in DeadLetterHeaders.model_fields.values()}
    assert {name for name, _ in letter.headers} == told
    read = DeadLetterHeaders.model_validate({name: value.decode() for name, value in letter.headers})
    assert (read.image_id, read.cut_from) == ("%C3%B6%2F1", "200000")
