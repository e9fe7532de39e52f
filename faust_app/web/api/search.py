"""Finds images over all shops: by what a text may mean, and those of products that show no picture."""

from typing import Final

from aiohttp import web

from faust_app.core.images.row import ImageKey, ImageRow
from faust_app.core.messages.events import MAX_ID_BYTES, MAX_NUMBER, MAX_URL_BYTES
from faust_app.flows.images.find import Find
from faust_app.flows.ports.monitoring import PicturelessProducts
from faust_app.web.api.public import PublicAddresses
from faust_app.web.api.shop_images import listed_json
from faust_app.web.contract.answers.images import FoundAnswer, FoundPage
from faust_app.web.contract.bodies import query_of
from faust_app.web.contract.cursor import cursor_of, image_id_behind
from faust_app.web.contract.operation import Answered, Operation, Parameter, described
from faust_app.web.contract.parameters import LIMIT, number_of, printable_parameter

_PAGE: Final = 100
_FOUND: Final = 50


def _after(text: str) -> ImageKey:
    shop, _, cursor = text.partition(":")
    try:
        shop_no, image_id = number_of(shop), image_id_behind(cursor)
    except ValueError:
        shop_no, image_id = 0, b""
    if not 1 <= shop_no <= MAX_NUMBER or not 1 <= len(image_id) <= MAX_ID_BYTES:
        raise ValueError("must be the `next` of the page before")
    return shop_no, image_id


_PICTURELESS: Final = (Parameter("after", _after, {"type": "string"}, "The `next` of the page before."), LIMIT)
_MEANINGS: Final = (
    "A shop's number, `7:shoe-1`, the id of an image, a product or a request, a SKU, a product's name, an object key, a source address."
)
_SEARCH: Final = (printable_parameter("q", MAX_URL_BYTES, _MEANINGS, required=True),)


class SearchHandlers:
    """Handlers that find images."""

    def __init__(self, find: Find, products: PicturelessProducts, public: PublicAddresses) -> None:
        self._find = find
        self._products = products
        self._public = public

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/search", self.get)
        router.add_get("/v1/pictureless-images", self.pictureless)

    @described(Operation({200: Answered("What was found.", FoundAnswer)}, query=_SEARCH))
    async def get(self, request: web.Request) -> web.Response:
        """Return what a text may mean, up to 50 images and 50 products. All are compared as a whole, a product's name in any case."""
        found = await self._find(query_of(request, _SEARCH)["q"], _FOUND)
        answer = {
            "shops": found.shops,
            "products": [{"shop_no": shop_no, "product_id": found.product_id} for shop_no in found.products],
            "images": [self._found(row) for row in found.images],
        }
        return web.json_response(answer)

    @described(Operation({200: Answered("A page of images.", FoundPage)}, query=_PICTURELESS))
    async def pictureless(self, request: web.Request) -> web.Response:
        """Return failed images of products that show no picture, by shop and id."""
        asked = query_of(request, _PICTURELESS)
        page = await self._products.images(asked.get("after"), asked.get("limit", _PAGE))
        after = None if page.after is None else f"{page.after[0]}:{cursor_of(page.after[1])}"
        return web.json_response({"images": [self._found(row) for row in page.rows], "next": after})

    def _found(self, row: ImageRow) -> dict[str, object]:
        return {"shop_no": row.shop_no, **listed_json(row, self._public)}
