"""`/docs`: the HTTP interface as an OpenAPI document, and as a page that needs nothing else."""

import hashlib
import json
from typing import Any, Final

from aiohttp import web

from faust_app.web.admin.frame import Frame
from faust_app.web.docs.openapi import openapi_document

PATH: Final = "/docs"
DOCUMENT: Final = "/docs/openapi.json"
_TAG_DIGITS: Final = 16


class DocsPages:
    """Serves both without a token: they say what the interface is, and nothing of what is behind it."""

    def __init__(self, frame: Frame, release: str) -> None:
        self._frame = frame
        self._release = release
        self._made: tuple[dict[str, Any], bytes, str] | None = None

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.page)
        router.add_get(f"{PATH}/", self.page)
        router.add_get(DOCUMENT, self.document)

    async def page(self, request: web.Request) -> web.Response:
        """Show every operation, by subject."""
        document, _, _ = self._document(request)
        return self._frame.page(request, "docs.html", sections=sections_of(document), info=document["info"], document=DOCUMENT)

    async def document(self, request: web.Request) -> web.Response:
        """Answer with the document."""
        _, body, tag = self._document(request)
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)

    def _document(self, request: web.Request) -> tuple[dict[str, Any], bytes, str]:
        """Make the document once: the routes of a process that listens do not change."""
        if self._made is None:
            document = openapi_document(request.app.router, self._release)
            body = json.dumps(document, indent=1).encode()
            self._made = document, body, f'"{hashlib.sha256(body).hexdigest()[:_TAG_DIGITS]}"'
        return self._made


def sections_of(document: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the operations by subject, as the page shows them."""
    by_tag: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append(_shown(path, method, operation, document["components"]["schemas"]))
    return [(tag, operations) for tag, operations in by_tag.items() if operations]


def _shown(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation["description"],
        "parameters": [(each["name"], each["in"], each["required"], each.get("description") or _type(each["schema"]))
                       for each in operation["parameters"]],
        "bodies": [(kind, _fields(content["schema"], schemas)) for kind, content in body.items()],
        "answers": [
            (status, answer["description"], [field for content in answer.get("content", {}).values()
                                             for field in _fields(content["schema"], schemas)] if int(status) < 400 else [])  # noqa: PLR2004
            for status, answer in operation["responses"].items()
        ],
    }  # fmt: skip


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return the fields of an object: name, type in words, and whether it is always there."""
    found = _resolved(schema, schemas)
    if found.get("type") == "array":
        found = _resolved(found["items"], schemas)
    needed = set(found.get("required", ()))
    return [(name, _type(each), name in needed) for name, each in found.get("properties", {}).items()]


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    found: dict[str, Any] = schemas[reference.rpartition("/")[2]] if reference else schema
    return found


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return "time" if schema.get("format") == "date-time" else str(schema.get("type", "anything"))
