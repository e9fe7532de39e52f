"""`/admin/shops`: one shop, with its images by state and product, its imports, and what its entry points refused."""

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from faust_app.core.causes.suspicion import Blame, advice_to_shop
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.redact import redact_query
from faust_app.flows.controls.shop_desk import ShopDesk
from faust_app.flows.ports.causes import Suspicions
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageSearch
from faust_app.flows.ports.imports import ImportRuns
from faust_app.flows.ports.rejections import Rejections
from faust_app.web.admin.forms import number_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.shops.controls import control_form
from faust_app.web.admin.shops.images import TONES
from faust_app.web.contract.bodies import shop_no_of
from faust_app.web.contract.cursor import cursor_of, image_id_behind
from faust_app.web.csv_response import csv_response
from faust_app.web.pages.render import path_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/shops"
_PAGE: Final = 100
_RECENT: Final = 5
_SEGMENT: Final = 3
_FAILURES: Final = ("image_id", "product_id", "error_code", "what_to_do", "detail", "source_url", "shown", "failed_at")


class ShopPages:
    """Serves the shop."""

    def __init__(
        self,
        frame: Frame,
        search: ImageSearch,
        imports: ImportRuns,
        rejections: Rejections,
        *,
        desk: ShopDesk,
        suspicions: Suspicions,
        clock: Clock,
    ) -> None:
        self._frame = frame
        self._search = search
        self._imports = imports
        self._rejections = rejections
        self._desk = desk
        self._suspicions = suspicions
        self._clock = clock

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.choose)
        router.add_get(PATH + "/{shop_no}", self.shop)
        router.add_get(PATH + "/{shop_no}/failures.csv", self.failures)

    async def choose(self, request: web.Request) -> web.Response:
        """Lead to a shop by its number."""
        refuse_unknown(request, "shop")
        shop = number_of(request.query.get("shop"), "shop")
        return self._frame.page(request, "admin/shops.html") if not shop else see_other(f"{PATH}/{shop}")

    async def shop(self, request: web.Request) -> web.Response:
        """Show a shop's images."""
        refuse_unknown(request, "state", "product", "after")
        shop_no, state = shop_no_of(request, _SEGMENT), _state(request.query.get("state", ""))
        product, after = request.query.get("product", "").strip()[:64], _cursor(request.query.get("after", ""))
        counts, imports = await self._search.counts(shop_no), await self._imports.of_shop(shop_no, None, _RECENT)
        rejected, controls = await self._rejections.of_shop(shop_no, None, _RECENT), await self._desk.controls(shop_no)
        if not (counts or imports or rejected or controls):
            raise Problem(404, f"shop {shop_no} has never sent a request; check the number")
        rows = await self._search.of_shop(shop_no, state=state, product_id=product or None, after=after, limit=_PAGE)
        given = {"state": state.value.lower() if state else "", "product": product}
        older = None
        if len(rows) == _PAGE:
            older = f"{request.path}?{urlencode({**{k: v for k, v in given.items() if v}, 'after': cursor_of(rows[-1].image_id)})}"
        return self._frame.page(
            request, "admin/shop.html", shop_no=shop_no, counts=counts, states=list(ImageState), state=state, product=product,
            rows=[(row, row.image_id.decode(), path_of(*row.key)) for row in rows], older=older, before=bool(after), newest=request.path,
            tones=TONES, imports=imports, rejected=rejected, controls=control_form(shop_no, controls),
            at=await self._clock.now(),
        )  # fmt: skip

    async def failures(self, request: web.Request) -> web.StreamResponse:
        """Return every failed image of the shop as CSV."""
        refuse_unknown(request)
        shop_no = shop_no_of(request, _SEGMENT)
        return await csv_response(request, f"failures-of-shop-{shop_no}", _FAILURES, self._failed(shop_no))

    async def _failed(self, shop_no: int) -> AsyncIterator[tuple[object, ...]]:
        after, blame = b"", await self._suspicions.blame()
        while rows := await self._search.of_shop(shop_no, state=ImageState.FAILED, product_id=None, after=after, limit=_PAGE):
            for row in rows:
                yield _failure(row, blame)
            after = rows[-1].image_id


def _failure(row: ImageRow, blame: Blame) -> tuple[object, ...]:
    address = redact_query(row.source_url) if row.source_url else None
    sentence = advice_to_shop(row.error_code, is_ours=blame.is_ours(row.fingerprint, row.judged_by))
    shown = "an older one" if row.shown else "nothing"
    return (row.image_id, row.product_id, row.error_code, sentence, row.error_detail, address, shown, row.updated_at)


def _state(text: str) -> ImageState | None:
    if not text:
        return None
    states = {state.value.lower(): state for state in ImageState}
    if text not in states:
        raise Problem(400, f"state must be one of {', '.join(states)}", errors=[("state", "is not known")])
    return states[text]


def _cursor(text: str) -> bytes:
    try:
        return image_id_behind(text)[:64]
    except ValueError:
        raise Problem(400, "after must be what the link to the next page says", errors=[("after", "is not valid")]) from None
