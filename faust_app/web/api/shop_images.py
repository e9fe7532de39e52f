"""Lists the images of a shop: by state, product or ids, a page at a time."""

from typing import Final
from urllib.parse import unquote

from aiohttp import web

from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import MAX_ID_BYTES
from faust_app.flows.ports.images import ImageSearch
from faust_app.web.api.images import time_text
from faust_app.web.api.public import PublicAddresses
from faust_app.web.contract.answers.images import ImagePage
from faust_app.web.contract.bodies import invalid, query_of, shop_no_of
from faust_app.web.contract.cursor import cursor_of, image_id_behind
from faust_app.web.contract.operation import Answered, Operation, Parameter, described
from faust_app.web.contract.parameters import LIMIT

_PAGE: Final = 100
MAX_IDS: Final = 200
_STATES: Final = {state.value.lower(): state for state in ImageState}


def _cursor(text: str) -> bytes:
    image_id = image_id_behind(text)
    if not 1 <= len(image_id) <= MAX_ID_BYTES:
        raise ValueError("must be the `next` of the page before")
    return image_id


def _state(text: str) -> ImageState:
    if text not in _STATES:
        raise ValueError(f"must be one of {', '.join(_STATES)}")
    return _STATES[text]


def _product(text: str) -> str:
    if not 1 <= len(text.encode("utf-8", "replace")) <= MAX_ID_BYTES or not text.isprintable():
        raise ValueError("must be 1 to 64 bytes of UTF-8")
    return text


def _ids(text: str) -> list[bytes]:
    ids = [unquote(part).encode("utf-8", "replace") for part in text.split(",")]
    if len(ids) > MAX_IDS or not all(1 <= len(image_id) <= MAX_ID_BYTES for image_id in ids):
        raise ValueError(f"must be 1 to {MAX_IDS} image ids, each percent-encoded, joined by commas")
    return ids


_QUERY: Final = (
    Parameter("state", _state, {"type": "string", "enum": list(_STATES)}, "Images in this state only."),
    Parameter("product_id", _product, {"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES}, "Images of this product only."),
    Parameter("ids", _ids, {"type": "string"}, f"Up to {MAX_IDS} image ids, each percent-encoded, joined by commas; with nothing beside."),
    Parameter("after", _cursor, {"type": "string"}, "The `next` of the page before."),
    LIMIT,
)


class ShopImageHandlers:
    """The handler of the list."""

    def __init__(self, search: ImageSearch, public: PublicAddresses) -> None:
        self._search = search
        self._public = public

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get("/v1/shops/{shop_no}/images", self.list)

    @described(Operation({200: Answered("A page of images.", ImagePage)}, query=_QUERY))
    async def list(self, request: web.Request) -> web.Response:
        """Return images of the shop by id; `next` continues the list, null at its end."""
        shop_no = shop_no_of(request)
        asked = query_of(request, _QUERY)
        if "ids" in asked:
            if len(asked) > 1:
                raise invalid([("ids", "takes no other parameter beside it")])
            rows = await self._search.named(shop_no, asked["ids"])
            return web.json_response({"images": [listed_json(row, self._public) for row in rows], "next": None})
        limit = asked.get("limit", _PAGE)
        rows = await self._search.of_shop(
            shop_no, state=asked.get("state"), product_id=asked.get("product_id"), after=asked.get("after", b""), limit=limit
        )
        return web.json_response(
            {
                "images": [listed_json(row, self._public) for row in rows],
                "next": cursor_of(rows[-1].image_id) if len(rows) == limit else None,
            }
        )


def listed_json(row: ImageRow, public: PublicAddresses) -> dict[str, object]:
    """Return an image as lists have it."""
    return {
        "image_id": row.image_id.decode(),
        "product_id": row.product_id,
        "product_name": row.product_name,
        "sku": row.sku,
        "state": row.state.value,
        "version": row.version,
        "external_version": row.external_version,
        "shown_version": row.shown_version or None,
        "public_url": public.of(row),
        "error_code": row.error_code,
        "updated_at": time_text(row.updated_at),
    }
