"""The lists behind the groups: images of one, products without a picture, and what a search finds."""

from typing import Final

from aiohttp import web

from faust_app.core.messages.events import MAX_ID_BYTES, MAX_URL_BYTES
from faust_app.core.reports.mend import Standing
from faust_app.flows.reports.mend import Mend
from faust_app.web.admin.forms import refuse_unknown
from faust_app.web.contract.bodies import invalid, shop_no_of
from faust_app.web.contract.cursor import cursor_of, image_id_behind
from faust_app.web.reports.frame import SEGMENT, ReportFrame
from faust_app.web.reports.language import PARAMETER, language_of
from faust_app.web.reports.mend.overview import MEND, product_of, tried, words_of

_PAGE: Final = 50


class MendLists:
    """Serves the lists, a page at a time."""

    def __init__(self, frame: ReportFrame, mend: Mend) -> None:
        self._frame = frame
        self._mend = mend

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(MEND + "/images", self.images)
        router.add_get(MEND + "/products", self.products)
        router.add_get(MEND + "/search", self.search)

    async def images(self, request: web.Request) -> web.Response:
        """Show the images of one group, by id."""
        refuse_unknown(request, "standing", "code", "host", "after", "tried", PARAMETER)
        shop_no, language = shop_no_of(request, SEGMENT), language_of(request)
        text = request.query.get("standing", "")
        if text not in set(Standing):
            raise invalid([("standing", f"must be one of {', '.join(Standing)}")])
        group = await self._mend.group(shop_no, Standing(text), request.query.get("code"), request.query.get("host"))
        rows = [] if group is None else await self._mend.images(shop_no, group, _after(request), _PAGE)
        after = cursor_of(rows[-1].image_id) if len(rows) == _PAGE else None
        return self._frame.page(
            request, "reports/mend_images.html", path=MEND.format(shop_no=shop_no), group=group, rows=rows, after=after,
            tried=tried(request, language), **words_of(request, language),
        )  # fmt: skip

    async def products(self, request: web.Request) -> web.Response:
        """Show products without any picture, by id."""
        refuse_unknown(request, "after", PARAMETER)
        shop_no = shop_no_of(request, SEGMENT)
        after = request.query.get("after", "")
        if len(after.encode("utf-8", "replace")) > MAX_ID_BYTES:
            raise invalid([("after", "must be the `after` of the page before")])
        found = await self._mend.products(shop_no, after, _PAGE)
        rest = found[-1][0].product_id if len(found) == _PAGE else None
        return self._frame.page(
            request, "reports/mend_products.html", path=MEND.format(shop_no=shop_no),
            products=[product_of(*each, shop_no) for each in found], after=rest, **words_of(request, language_of(request)),
        )  # fmt: skip

    async def search(self, request: web.Request) -> web.Response:
        """Show what a text finds; what is wrong with it stands beside the field."""
        refuse_unknown(request, "q", PARAMETER)
        shop_no, language = shop_no_of(request, SEGMENT), language_of(request)
        text = request.query.get("q", "").strip()
        wrong = not text or not text.isprintable() or len(text.encode("utf-8", "replace")) > MAX_URL_BYTES
        rows = [] if wrong else await self._mend.search(shop_no, text, _PAGE)
        return self._frame.page(
            request, "reports/mend_search.html", status=400 if wrong else 200, path=MEND.format(shop_no=shop_no), text=text, rows=rows,
            wrong=language.text("mend.search.long") if wrong else None, **words_of(request, language),
        )  # fmt: skip


def _after(request: web.Request) -> bytes:
    text = request.query.get("after")
    if text is None:
        return b""
    try:
        return image_id_behind(text)
    except ValueError as error:
        raise invalid([("after", str(error))]) from error
