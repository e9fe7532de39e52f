"""`/docs`: the HTTP interface as an OpenAPI document, and as a page that needs nothing else."""

import hashlib
import json
from typing import Any, Final

from aiohttp import web

from faust_app.web.admin.frame import Frame
from faust_app.web.docs.openapi import openapi_document
from faust_app.web.docs.shown import objects_of, sections_of

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
        sections = sections_of(document)
        objects = objects_of(document, sections)
        return self._frame.page(request, "docs.html", sections=sections, objects=objects, info=document["info"], document=DOCUMENT)

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
