"""`/admin/records`: records of our topics that nobody could read, newest first."""

from typing import Final

from aiohttp import web

from faust_app.flows.ports.rejections import Rejections
from faust_app.web.admin.forms import number_of, refuse_unknown
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.shops.imports import place_text

PATH: Final = "/admin/records"
_PAGE: Final = 50


class RecordsPage:
    """Serves the list."""

    def __init__(self, frame: Frame, rejections: Rejections) -> None:
        self._frame = frame
        self._rejections = rejections

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH, self.list)

    async def list(self, request: web.Request) -> web.Response:
        """Show the records, a page at a time."""
        refuse_unknown(request, "before")
        before = number_of(request.query.get("before"), "before")
        kept = await self._rejections.of_records(before, _PAGE)
        older = f"{PATH}?before={kept[-1].number}" if len(kept) == _PAGE else None
        rows = [(each, place_text(each), readable(getattr(each.rejection.place, "start", b""))) for each in kept]
        return self._frame.page(request, "admin/records.html", rows=rows, older=older, newest=PATH, before=before)


def readable(content: bytes) -> str:
    """Return foreign bytes as text in which every letter can be seen: what is not printable stands as its code."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in content.decode("utf-8", "backslashreplace"))
