"""The OpenAPI document, made from the router, what handlers declare of themselves, and their docstrings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeGuard

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from faust_app.core.dispatch.lanes import Lane
from faust_app.core.dispatch.shop_controls import ControlKind
from faust_app.core.messages.events import MAX_ID_BYTES, MAX_NUMBER
from faust_app.web.auth.rules import READS, needed_scope
from faust_app.web.contract.answers.answer import ProblemAnswer
from faust_app.web.contract.operation import JSON, Answered, Operation, Parameter, operation_of

API: Final = ("/v1/", "/i/", "/lag", "/stalled", "/fairness", "/health", "/ready", "/metrics")
"""Where the interface for machines begins; everything else is pages."""
PROBLEM: Final = "application/problem+json"
_REFS: Final = "#/components/schemas/{model}"
_PATH: Final[dict[str, dict[str, Any]]] = {
    "shop_no": {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
    "image_id": {"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES, "description": "Percent-encoded; 1 to 64 bytes of UTF-8."},
    "lane": {"type": "string", "enum": [lane.value for lane in Lane]},
    "kind": {"type": "string", "enum": [kind.value for kind in ControlKind]},
    "number": {"type": "integer", "minimum": 0, "maximum": 10**15 - 1},
    "fingerprint": {"type": "string", "minLength": 1, "description": "Percent-encoded, as the list of causes shows it."},
}
_STATUSES: Final = {
    400: "The request is wrong; `errors` names the fields.",
    401: "The token is missing or unknown.",
    403: "The token lacks the scope, or may not reach the shop.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "It is in a state that does not allow this.",
    410: "What was asked for is no longer kept.",
    413: "The body is too large.",
    415: "The body has a type that is not taken.",
    429: "The token asks for too much, or the shop is paused; `Retry-After` says when to come back.",
    503: "A dependency is unavailable; the request may not have been applied, send it again after `Retry-After`.",
}
_SECTIONS: Final = (
    ("/republish", "Republish"), ("/causes", "Causes"), ("/imports", "Imports"), ("/rejections", "Imports"), ("/compare", "Imports"),
    ("/reports", "Reports"), ("/statistics", "Reports"), ("/i/", "Images"), ("/images", "Images"),
    ("/changes", "Images"),
)  # fmt: skip
_OTHER: Final = "Operating"
_TAGS: Final = ("Images", "Imports", "Reports", "Causes", "Republish", _OTHER)
"""The subjects, in the order in which somebody who integrates meets them."""


def is_api(path: str) -> bool:
    """Return whether a path belongs to the interface for machines."""
    return path.startswith(API)


def api_routes(router: web.UrlDispatcher) -> Iterable[tuple[str, str, object]]:
    """Yield method, path and handler of every route for machines."""
    for route in router.routes():
        path = route.resource.canonical if route.resource is not None else ""
        if is_api(path) and route.method != "HEAD":  # aiohttp adds it to each GET
            yield route.method, path, route.handler


def openapi_document(router: web.UrlDispatcher, version: str) -> dict[str, Any]:
    """Return the document of every route that declares what it is."""
    described = [(method, path, handler, op) for method, path, handler in api_routes(router) if (op := operation_of(handler)) is not None]
    models = {model for *_, operation in described for model in _models(operation)}
    schemas, definitions = models_json_schema([(model, _mode(model)) for model in sorted(models, key=_name)], ref_template=_REFS)
    paths: dict[str, dict[str, Any]] = {}
    for method, path, handler, operation in described:
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, handler, operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "shop-images",
            "version": version,
            "description": "Moves the product images of shops into object storage, and says where each one stands.",
        },
        "security": [{"token": []}],
        "tags": [{"name": name} for name in _TAGS],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token of the operator's tokens file."}},
        },
    }


_Schemas = Mapping[Any, Mapping[str, Any]]
"""References to schemas, by model and mode."""


def _operation(method: str, path: str, handler: object, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    scope = _scope(method, path)
    words = " ".join((getattr(handler, "__doc__", None) or "").split())
    summary, _, rest = words.partition(". ")
    told: dict[str, Any] = {
        "operationId": _operation_id(handler),
        "tags": [next((name for part, name in _SECTIONS if part in path), _OTHER)],
        "summary": summary.rstrip("."),
        "parameters": [*_path_parameters(path), *_parameters(operation.query, "query"), *_parameters(operation.headers, "header")],
        "responses": _responses(method, path, operation, schemas),
    }
    needs = "Needs no token." if scope is None else f"Needs the scope `{scope}`."
    told["description"] = f"{rest} {needs}".strip()
    if scope is None:
        told["security"] = []
    if operation.body is not None or operation.bodies:
        told["requestBody"] = {"required": not operation.body_optional, "content": _contents(operation, schemas)}
    return told


def _contents(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    """Return the bodies that an operation takes, by type of content."""
    contents: dict[str, Any] = {
        kind: {"schema": {key: _schema(part, schemas) for key, part in body.items()}} for kind, body in operation.bodies.items()
    }
    if operation.body is not None:
        contents[JSON] = {"schema": _schema(operation.body, schemas)}
    return contents


def _scope(method: str, path: str) -> str | None:
    return needed_scope(method, path.replace("{", "").replace("}", ""))


def _operation_id(handler: object) -> str:
    owner = type(getattr(handler, "__self__", None)).__name__.removesuffix("Handlers").removesuffix("Pages").removesuffix("Page")
    return f"{owner[:1].lower()}{owner[1:]}_{getattr(handler, '__name__', '')}"


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": _PATH[name]} for name in names]


def _parameters(parameters: Sequence[Parameter], place: str) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "in": place, "required": each.required, "description": each.description, "schema": dict(each.schema)}
        for each in parameters
    ]


def _responses(method: str, path: str, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    answers = {str(status): _answer(answered, schemas) for status, answered in operation.answers.items()}
    reference = schemas[ProblemAnswer, _mode(ProblemAnswer)]
    for status in _problems(method, path, operation):
        answers.setdefault(str(status), {"description": _STATUSES[status], "content": {PROBLEM: {"schema": reference}}})
    return dict(sorted(answers.items()))


def _problems(method: str, path: str, operation: Operation) -> set[int]:
    """Return the statuses of problems that an operation can have by what it is."""
    found = {*operation.problems, 400, 503}
    if _scope(method, path) is not None:
        found |= {401, 403, 429}
    if "{" in path:
        found |= {404}
    if method not in READS:  # what takes no body reads it too, and refuses it
        found |= {408, 413, 415}
    return found


def _answer(answered: Answered, schemas: _Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answered.description}
    if answered.model is not None:
        told["content"] = {answered.content_type: {"schema": schemas[answered.model, _mode(answered.model)]}}
    elif answered.content_type != JSON:
        told["content"] = {answered.content_type: {"schema": {"type": "string"}}}
    if answered.headers:
        told["headers"] = {name: {"description": words, "schema": {"type": "string"}} for name, words in answered.headers.items()}
    return told


def _schema(part: object, schemas: _Schemas) -> Any:
    """Return a part of a schema, a reference where it is a model."""
    return schemas[part, _mode(part)] if _is_model(part) else part


def _is_model(part: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(part, type) and issubclass(part, BaseModel)


def _models(operation: Operation) -> set[type[BaseModel]]:
    answers = {answered.model for answered in operation.answers.values() if answered.model is not None}
    parts = {part for body in operation.bodies.values() for part in body.values() if _is_model(part)}
    return {ProblemAnswer, *answers, *parts, *([operation.body] if operation.body is not None else [])}


def _mode(model: type[BaseModel]) -> Any:
    """Return which of a model's two schemas is meant; answers have one field for each name, whatever its default."""
    return "validation" if model.model_config.get("strict") else "serialization"


def _name(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__qualname__}"
