"""The files that pages load: style, script and htmx, each under a name with the hash of its content, so that it may be kept for long."""

import hashlib
from importlib import resources
from typing import Final

from aiohttp import web

from faust_app.web.problems import Problem

PATH: Final = "/admin/static/"
_FILES: Final = ("admin.css", "reports.css", "admin.js", "report_enter.js", "vendor/htmx-4.0.1.min.js")
_TYPES: Final = {"css": "text/css", "js": "text/javascript"}
_HASH_DIGITS: Final = 12
_HEADERS: Final = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class StaticFiles:
    """Serves the files from memory."""

    def __init__(self) -> None:
        folder = resources.files("faust_app.web") / "static"
        self._served: dict[str, tuple[bytes, str]] = {}
        self._addresses: dict[str, str] = {}
        for path in _FILES:
            content = (folder / path).read_bytes()
            stem, _, kind = path.rpartition("/")[2].rpartition(".")
            name = f"{stem}.{hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]}.{kind}"
            self._served[name] = content, _TYPES[kind]
            self._addresses[path] = PATH + name

    def address(self, path: str) -> str:
        """Return where a file is served. Raises KeyError for a file that is not."""
        return self._addresses[path]

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH + "{name}", self.get)

    async def get(self, request: web.Request) -> web.Response:
        """Answer with the file."""
        found = self._served.get(request.match_info["name"])
        if found is None:
            raise Problem(404, "there is no such file; the page names the ones there are")
        content, kind = found
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=_HEADERS)
