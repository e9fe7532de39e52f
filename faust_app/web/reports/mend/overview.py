"""`/reports/{shop_no}/mend`: how the shop stands, what it can mend, the same as CSV, and trying again."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from faust_app.core.redact import redact_query
from faust_app.core.reports.mend import MendGroup, PicturelessProduct, Standing
from faust_app.flows.reports.mend import JUST_TRIED, NOTHING_LEFT, Mend, Retried
from faust_app.flows.republish.control import Refused
from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.auth.tokens import actor_of, sender_of
from faust_app.web.contract.bodies import shop_no_of
from faust_app.web.csv_response import csv_response
from faust_app.web.problems import Problem
from faust_app.web.reports.frame import SEGMENT, SHOP, ReportFrame, linked
from faust_app.web.reports.language import PARAMETER, Language, language_of
from faust_app.web.reports.mend.words import around, reason, stands, to_do

MEND: Final = SHOP + "/mend"
_PRODUCTS: Final = 5
_AT_ONCE: Final = 500
_SECTIONS: Final = (Standing.ACT, Standing.TRYING, Standing.OURS)
_TRIED: Final = {JUST_TRIED: "just_tried", NOTHING_LEFT: "none_left"}
_MAX_DIGITS: Final = 9


class MendPage:
    """Serves the page, its file, and the button of each group."""

    def __init__(self, frame: ReportFrame, mend: Mend) -> None:
        self._frame = frame
        self._mend = mend

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(MEND, self.show)
        router.add_get(MEND + ".csv", self.download)
        router.add_post(MEND + "/retries", self.retry)

    async def show(self, request: web.Request) -> web.Response:
        """Show how the shop stands, and what it can mend."""
        refuse_unknown(request, "tried", PARAMETER)
        shop_no, language = shop_no_of(request, SEGMENT), language_of(request)
        found = await self._mend.overview(shop_no)
        products = await self._mend.products(shop_no, "", _PRODUCTS) if found.standings.pictureless else []
        sections = [(standing, [each for each in found.groups if each.standing is standing]) for standing in _SECTIONS]
        return self._frame.page(
            request,
            "reports/mend.html",
            path=MEND.format(shop_no=shop_no),
            found=found,
            stands=stands(language, found.standings),
            around=around(language, found, self._frame.zone),
            sections=[(standing, groups) for standing, groups in sections if groups],
            products=[product_of(*each, shop_no) for each in products],
            tried=tried(request, language),
            **words_of(request, language),
        )

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Return every image that the shop must mend, as CSV."""
        refuse_unknown(request, PARAMETER)
        shop_no, language = shop_no_of(request, SEGMENT), language_of(request)
        columns = [language.text(f"mend.{key}") for key in ("product", "sku", "image", "address", "state", "why", "to_do")]
        return await csv_response(request, f"pictures-to-mend-of-shop-{shop_no}", columns, self._rows(shop_no, language))

    async def retry(self, request: web.Request) -> web.Response:
        """Have every failed image of a group tried again."""
        form = await form_of(request, "code", "host")
        shop_no = shop_no_of(request, SEGMENT)
        group = await self._mend.group(shop_no, Standing.ACT, form["code"] or None, form["host"] or None)
        result = Refused(NOTHING_LEFT) if group is None else await self._mend.retry(shop_no, group, actor_of(request))
        return see_other(linked(request, MEND.format(shop_no=shop_no), tried=outcome(result)))

    async def _rows(self, shop_no: int, language: Language) -> AsyncIterator[list[object]]:
        for group in [each for each in await self._mend.groups(shop_no) if each.standing is Standing.ACT]:
            told = reason(language, group.standing, group.code), to_do(language, group.standing, group.code)
            after = b""
            while rows := await self._mend.images(shop_no, group, after, _AT_ONCE):
                for row in rows:
                    state = language.text("picture.short.nothing" if row.shown is None else "picture.short.older")
                    address = redact_query(row.source_url) if row.source_url else None
                    yield [row.product_name or row.product_id, row.sku, row.image_id, address, state, *told]
                after = rows[-1].image_id


def words_of(request: web.Request, language: Language) -> dict[str, Any]:
    """Return what the templates of these pages say with."""
    return {
        "may_retry": sender_of(request).may("retry"),
        "reason": lambda standing, code: reason(language, standing, code),
        "to_do": lambda standing, code: to_do(language, standing, code),
        "group_parameters": group_parameters,
        "picture_path": picture_path,
    }


def group_parameters(group: MendGroup) -> Mapping[str, str | None]:
    """Return the parameters that name a group."""
    return {"standing": group.standing.value, "code": group.code, "host": group.host}


def picture_path(shop_no: int | str, image_id: bytes) -> str:
    """Return the address of a picture's page."""
    return f"{SHOP.format(shop_no=shop_no)}/pictures/{quote(image_id, safe='')}"


def product_of(product: PicturelessProduct, standing: Standing, shop_no: int) -> dict[str, Any]:
    """Return a product without a picture, as the lists show it."""
    return {
        "name": product.product_name or product.product_id,
        "sku": product.sku,
        "images": product.images,
        "path": picture_path(shop_no, product.image_id),
        "code": product.code,
        "standing": standing,
    }


def outcome(result: Retried | Refused) -> str:
    """Return the parameter that tells the page what became of a button: a number of images, or why there is none."""
    return str(result.images) if isinstance(result, Retried) else _TRIED.get(result.reason, "refused")


def tried(request: web.Request, language: Language) -> tuple[str, str] | None:
    """Return how to show, and say, what became of a button; None where none was pressed."""
    text = request.query.get("tried")
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS:
        return "ok", language.counted("mend.tried", int(text))
    if text not in {*_TRIED.values(), "refused"}:
        raise Problem(400, "tried must be a number of images", errors=[("tried", "must be a number")])
    return "warn", language.text(f"mend.{text}")
