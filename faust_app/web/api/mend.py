"""What a shop can mend, over HTTP: groups of failed images, products without a picture, search, and trying again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.causes.suspicion import advice_to_shop
from faust_app.core.images.row import ImageRow
from faust_app.core.imports.run import ImportRun
from faust_app.core.messages.events import MAX_ID_BYTES, MAX_URL_BYTES
from faust_app.core.reports.mend import Fetching, MendGroup, PicturelessProduct, Standing, Standings, advice
from faust_app.flows.reports.mend import Mend
from faust_app.flows.republish.control import Refused
from faust_app.web.api.images import time_text
from faust_app.web.api.public import PublicAddresses
from faust_app.web.api.shop_images import listed_json
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.answers.images import ImagePage
from faust_app.web.contract.answers.mend import FoundImages, MendAnswer, ProductPage, RetriedAnswer
from faust_app.web.contract.bodies import body_of, query_of, shop_no_of
from faust_app.web.contract.cursor import cursor_of, image_id_behind
from faust_app.web.contract.operation import Answered, Operation, Parameter, described
from faust_app.web.contract.parameters import LIMIT, printable_parameter
from faust_app.web.problems import Problem

_PAGE: Final = 100
_FOUND: Final = 50
_NO_GROUP: Final = "no image of this shop belongs to such a group now; GET .../mend lists those that there are"


def standing_of(text: str) -> Standing:
    """Read who has to act. Raises ValueError."""
    if text not in set(Standing):
        raise ValueError(f"must be one of {', '.join(Standing)}")
    return Standing(text)


def _cursor(text: str) -> bytes:
    image_id = image_id_behind(text)
    if not 1 <= len(image_id) <= MAX_ID_BYTES:
        raise ValueError("must be the `next` of the page before")
    return image_id


_CODE: Final = printable_parameter("code", 40, "Failure code of the group; left out for a wait that no failure began.")
_HOST: Final = printable_parameter("host", 255, "Host of the group; left out where it has none.")
_IMAGES: Final = (
    Parameter("standing", standing_of, {"type": "string", "enum": list(Standing)}, "Who has to act.", required=True),
    _CODE,
    _HOST,
    Parameter("after", _cursor, {"type": "string"}, "The `next` of the page before."),
    LIMIT,
)
_PRODUCTS: Final = (printable_parameter("after", MAX_ID_BYTES, "The `next` of the page before."), LIMIT)
_SEARCH: Final = (
    printable_parameter(
        "q", MAX_URL_BYTES, "A product's name or SKU, an image's id, file name or address; or a part of a name.", required=True
    ),
)


class RetryRequest(BaseModel):
    """The group of failed images that the shop has mended, and wants tried again."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$", description="Failure code of the group.")]
    host: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(None, description="Host of the group, where it has one.")


class MendHandlers:
    """Handlers of what a shop can mend."""

    def __init__(self, mend: Mend, public: PublicAddresses) -> None:
        self._mend = mend
        self._public = public

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/shops/{shop_no}/mend", self.get)
        router.add_get("/v1/shops/{shop_no}/mend/images", self.images)
        router.add_get("/v1/shops/{shop_no}/mend/products", self.products)
        router.add_get("/v1/shops/{shop_no}/mend/search", self.search)
        router.add_post("/v1/shops/{shop_no}/retries", self.retry)

    @described(Operation({200: Answered("How the shop stands, and its groups.", MendAnswer)}))
    async def get(self, request: web.Request) -> web.Response:
        """Return how many pictures of the shop are shown, and what it can mend, in the order in which mending helps most."""
        query_of(request)
        found = await self._mend.overview(shop_no_of(request))
        return web.json_response(
            {
                **standings_json(found.standings),
                "last_import": import_json(found.last_import, found.fetching),
                "answer_seconds": found.answer_seconds,
                "groups": [group_json(group) for group in found.groups],
            }
        )

    @described(Operation({200: Answered("A page of images.", ImagePage)}, query=_IMAGES))
    async def images(self, request: web.Request) -> web.Response:
        """Return images of one group, by id."""
        shop_no, asked = shop_no_of(request), query_of(request, _IMAGES)
        group = await self._mend.group(shop_no, asked["standing"], asked.get("code"), asked.get("host"))
        if group is None:
            return web.json_response({"images": [], "next": None})
        limit = asked.get("limit", _PAGE)
        rows = await self._mend.images(shop_no, group, asked.get("after", b""), limit)
        after = cursor_of(rows[-1].image_id) if len(rows) == limit else None
        return web.json_response({"images": self._listed(rows), "next": after})

    @described(Operation({200: Answered("A page of products.", ProductPage)}, query=_PRODUCTS))
    async def products(self, request: web.Request) -> web.Response:
        """Return products that show no picture because their images failed, by product id."""
        asked = query_of(request, _PRODUCTS)
        limit = asked.get("limit", _PAGE)
        found = await self._mend.products(shop_no_of(request), asked.get("after", ""), limit)
        after = found[-1][0].product_id if len(found) == limit else None
        return web.json_response({"products": [product_json(*each) for each in found], "next": after})

    @described(Operation({200: Answered("What was found.", FoundImages)}, query=_SEARCH))
    async def search(self, request: web.Request) -> web.Response:
        """Return up to 50 images of the shop that a text may mean, those that begin with it first, in any case of letters."""
        asked = query_of(request, _SEARCH)
        return web.json_response({"images": self._listed(await self._mend.search(shop_no_of(request), asked["q"], _FOUND))})

    @described(Operation({201: Answered("The images are tried again.", RetriedAnswer)}, body=RetryRequest, problems=(404, 409)))
    async def retry(self, request: web.Request) -> web.Response:
        """Have every failed image of a group tried again, as a republish of this shop alone; once in ten minutes."""
        query_of(request)
        shop_no = shop_no_of(request)
        asked = await body_of(RetryRequest, request)
        group = await self._mend.group(shop_no, Standing.ACT, asked.code, asked.host)
        if group is None:
            raise Problem(404, _NO_GROUP)
        result = await self._mend.retry(shop_no, group, actor_of(request))
        if isinstance(result, Refused):
            raise Problem(409, result.reason)
        return web.json_response({"run": result.run, "images": result.images, "skipped": result.skipped}, status=201)

    def _listed(self, rows: Sequence[ImageRow]) -> list[dict[str, object]]:
        return [listed_json(row, self._public) for row in rows]


def standings_json(found: Standings) -> dict[str, object]:
    """Return the first line of the page as a JSON object."""
    return {
        "wanted": found.wanted,
        "shown": found.shown,
        "shown_is_at_least": found.at_least,
        "older": found.older,
        "in_progress": found.in_progress,
        "pictureless_products": found.pictureless,
    }


def group_json(group: MendGroup) -> dict[str, Any]:
    """Return a group as a JSON object."""
    return {
        "standing": group.standing.value,
        "code": group.code,
        "host": group.host,
        "images": group.images,
        "without_picture": group.without_picture,
        "next_at": time_text(group.next_at),
        "advice": advice(group),
    }


def product_json(product: PicturelessProduct, standing: Standing) -> dict[str, object]:
    """Return a product without a picture as a JSON object."""
    return {
        "product_id": product.product_id,
        "product_name": product.product_name,
        "sku": product.sku,
        "failed_images": product.images,
        "image_id": product.image_id.decode(),
        "error_code": product.code,
        "advice": advice_to_shop(product.code, is_ours=standing is Standing.OURS),
    }


def import_json(run: ImportRun | None, fetching: Fetching | None) -> dict[str, object] | None:
    """Return a shop's newest import as a JSON object, None without one."""
    if run is None:
        return None
    ended: datetime | None = run.ended_at
    return {
        "import": run.number,
        "images": run.counts.entries - run.counts.rejected,
        "rejected": run.counts.rejected,
        "started_at": time_text(run.started_at),
        "ended_at": time_text(ended),
        "seconds": None if ended is None else (ended - run.started_at).total_seconds(),
        "images_in_progress": None if fetching is None else fetching.in_progress,
        "images_ended_at": None if fetching is None else time_text(fetching.ended_at),
    }
