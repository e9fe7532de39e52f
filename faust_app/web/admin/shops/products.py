"""`/admin/products`: products of which a picture was sent and none is shown."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from faust_app.core.images.row import ImageKey
from faust_app.flows.ports.monitoring import PicturelessProducts
from faust_app.web.admin.forms import number_of, refuse_unknown
from faust_app.web.admin.frame import Frame
from faust_app.web.contract.cursor import cursor_of, image_id_behind
from faust_app.web.pages.render import path_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/products"
_PAGE: Final = 100


class ProductsPage:
    """Serves the list, an image a line."""

    def __init__(self, frame: Frame, products: PicturelessProducts) -> None:
        self._frame = frame
        self._products = products

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH, self.list)

    async def list(self, request: web.Request) -> web.Response:
        """Show failed images of products that show nothing, by shop and id."""
        refuse_unknown(request, "shop", "after")
        after = _after(request)
        page = await self._products.images(after, _PAGE)
        older = None
        if page.after is not None:
            older = f"{PATH}?{urlencode({'shop': page.after[0], 'after': cursor_of(page.after[1])})}"
        named = [(row, row.image_id.decode(), path_of(*row.key)) for row in page.rows]
        return self._frame.page(request, "admin/products.html", rows=named, older=older, newest=PATH, before=after is not None)


def _after(request: web.Request) -> ImageKey | None:
    shop_no, text = number_of(request.query.get("shop"), "shop"), request.query.get("after", "")
    if shop_no is None or not text:
        return None
    try:
        return shop_no, image_id_behind(text)[:64]
    except ValueError:
        raise Problem(400, "after must be what the link to the next page says", errors=[("after", "is not valid")]) from None
