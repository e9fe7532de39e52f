"""`/docs`: the HTTP interface as an OpenAPI document and as a page that needs nothing else, the topics as an AsyncAPI document."""

import hashlib
import json
from typing import Any, Final

from aiohttp import web

from faust_app.core.messages.topics import Topics
from faust_app.web.admin.frame import Frame
from faust_app.web.docs.asyncapi import asyncapi_document
from faust_app.web.docs.openapi import openapi_document
from faust_app.web.docs.shown import objects_of, sections_of

PATH: Final = "/docs"
DOCUMENT: Final = "/docs/openapi.json"
TOPICS: Final = "/docs/asyncapi.json"
_TAG_DIGITS: Final = 16


class DocsPages:
    """Serves all without a token: they say what the interface is, and nothing of what is behind it."""

    def __init__(self, frame: Frame, release: str, topics: Topics) -> None:
        self._frame = frame
        self._topics = json.dumps(asyncapi_document(topics), indent=1).encode()
        self._release = release
        self._made: tuple[dict[str, Any], bytes, str] | None = None

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.page)
        router.add_get(f"{PATH}/", self.page)
        router.add_get(DOCUMENT, self.document)
        router.add_get(TOPICS, self.topics)

    async def page(self, request: web.Request) -> web.Response:
        """Show every operation, by subject."""
        document, _, _ = self._document(request)
        sections = sections_of(document)
        objects = objects_of(document, sections)
        links: dict[str, Any] = {"document": DOCUMENT, "topics": TOPICS}
        return self._frame.page(request, "docs.html", sections=sections, objects=objects, info=document["info"], **links)

    async def document(self, request: web.Request) -> web.Response:
        """Answer with the document of the HTTP interface."""
        _, body, tag = self._document(request)
        return _sent_once(request, body, tag)

    async def topics(self, request: web.Request) -> web.Response:
        """Answer with the document of the topics."""
        return _sent_once(request, self._topics, _tag(self._topics))

    def _document(self, request: web.Request) -> tuple[dict[str, Any], bytes, str]:
        """Make the document once: the routes of a process that listens do not change."""
        if self._made is None:
            document = openapi_document(request.app.router, self._release)
            body = json.dumps(document, indent=1).encode()
            self._made = document, body, _tag(body)
        return self._made


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:_TAG_DIGITS]}"'


def _sent_once(request: web.Request, body: bytes, tag: str) -> web.Response:
    """Return the document, or that the browser's copy is the same."""
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)
