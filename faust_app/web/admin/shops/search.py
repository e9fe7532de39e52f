"""`/admin/search`: one box for shops, images, products, object keys and addresses."""

from typing import Final

from aiohttp import web

from faust_app.flows.images.find import Find
from faust_app.web.admin.forms import refuse_unknown, see_other
from faust_app.web.admin.frame import SEARCH, Frame
from faust_app.web.admin.shops.images import TONES
from faust_app.web.pages.render import path_of

_LIMIT: Final = 50


class SearchPage:
    """Serves the results; a single one is shown at once."""

    def __init__(self, frame: Frame, find: Find) -> None:
        self._frame = frame
        self._find = find

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(SEARCH, self.get)

    async def get(self, request: web.Request) -> web.Response:
        """Show what the text may mean."""
        refuse_unknown(request, "q")
        text = request.query.get("q", "").strip()
        found = await self._find(text, _LIMIT)
        if len(found.images) + len(found.shops) + len(found.products) == 1:
            if found.images:
                return see_other(path_of(*found.images[0].key))
            if found.shops:
                return see_other(f"/admin/shops/{found.shops[0]}")
        return self._frame.page(
            request, "admin/search.html", text=text[:200], shops=found.shops, products=found.products, product=found.product_id,
            rows=[(row, row.image_id.decode(), path_of(*row.key)) for row in found.images], limit=_LIMIT, tones=TONES,
        )  # fmt: skip
