"""The AsyncAPI document of the topics that other systems write and read, made from the models of their records."""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from faust_app.core.images.dead_letter import MAX_VALUE_BYTES, DeadLetterHeaders
from faust_app.core.messages.events import ImageRequest
from faust_app.core.messages.record import SENDER_HEADER
from faust_app.core.messages.topics import RETENTION, Topics, TopicSpec
from faust_app.core.results.result import ImageResult

VERSION: Final = "1"
"""Of the contract: fields are added without a new one, and no field changes its meaning."""
_REFS: Final = "#/components/schemas/{model}"
_SENDER: Final = {
    "type": "object",
    "properties": {
        SENDER_HEADER: {"type": "string", "description": "The system that writes the record, shown with the reason when it is refused."}
    },
}
_REQUEST_KEY: Final = {
    "type": "string",
    "description": "Chosen by the sender; requests of one image keep their order if they have one key.",
}
_RESULT_KEY: Final = {
    "type": "string",
    "description": "`{shop_no}/{image_id}`: the results of one image are in one partition, in order.",
    "examples": ["7/shoe-1"],
}
_SHOP_KEY: Final = {"type": "string", "description": "The shop's number; none where the record does not say it."}
_ORIGINAL: Final = {
    "type": "string",
    "format": "binary",
    "description": f"The record as it was, of any format; at most {MAX_VALUE_BYTES:,} bytes of it.",
}
_REQUEST: Final = {
    "op": "update",
    "shop_no": 7,
    "image_id": "shoe-1",
    "source_url": "https://shop.example/pictures/1.jpg",
    "external_version": 5,
    "correlation_id": "order-81",
}
_RESULT: Final = {
    "kind": "stored",
    "shop_no": 7,
    "image_id": "shoe-1",
    "product_id": "shoe",
    "version": 1790000000000000,
    "external_version": 5,
    "public_url": "https://cdn.example/7/shoe-1/1790000000000000.jpg",
    "size": 80000,
    "content_type": "image/jpeg",
    "width": 1200,
    "height": 900,
    "code": None,
    "sentence": None,
    "fault": None,
    "correlation_id": "order-81",
    "at": "2026-09-21T14:13:21.500000Z",
    "position": 1790000001500000,
}


def asyncapi_document(topics: Topics) -> dict[str, Any]:
    """Return the document of an installation's topics `requests`, `results` and `dead-letter`."""
    models: list[type[BaseModel]] = [ImageRequest, ImageResult, DeadLetterHeaders]
    schemas, definitions = models_json_schema([(model, _mode(model)) for model in models], ref_template=_REFS)
    request, result, headers = (schemas[model, _mode(model)] for model in models)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "shop-images",
            "version": VERSION,
            "description": "The topics by which other systems ask for images, and hear what became of them.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "requests": _channel(topics.requests, "ImageRequest", "What is asked for images."),
            "results": _channel(topics.results, "ImageResult", "How requests ended: at least once, in the order of each image."),
            "deadLetter": _channel(topics.dead_letter, "DeadLetter", "Records that nobody will try again, with their provenance."),
        },
        "operations": {
            "receiveRequests": _operation("receive", "requests", "Other systems send requests; one that is refused is a dead letter."),
            "sendResults": _operation("send", "results", "Every outcome, once it is committed; a repeated one has its position again."),
            "sendDeadLetters": _operation("send", "deadLetter", "What could not be read, and images that failed for good."),
        },
        "components": {
            "messages": {
                "ImageRequest": _message(request, _REQUEST_KEY, headers=_SENDER, example=_REQUEST),
                "ImageResult": _message(result, _RESULT_KEY, example=_RESULT),
                "DeadLetter": _message(_ORIGINAL, _SHOP_KEY, headers=headers) | {"contentType": "application/octet-stream"},
            },
            "schemas": definitions["$defs"],
        },
    }


def _mode(model: type[BaseModel]) -> Any:
    """Return which of a model's two schemas is meant: results are written by us, with every field."""
    return "serialization" if model is ImageResult else "validation"


def _channel(topic: TopicSpec, message: str, words: str) -> dict[str, Any]:
    kept = {RETENTION: int(topic.config[RETENTION])}
    return {
        "address": topic.name,
        "description": words,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"kafka": {"partitions": topic.partitions, "topicConfiguration": kept, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, channel: str, words: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": words}


def _message(
    payload: dict[str, Any], key: dict[str, Any], *, headers: dict[str, Any] | None = None, example: dict[str, Any] | None = None
) -> dict[str, Any]:
    message: dict[str, Any] = {"payload": payload, "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}}}
    if headers is not None:
        message["headers"] = headers
    if example is not None:
        message["examples"] = [{"payload": example}]
    return message
