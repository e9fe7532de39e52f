"""The HTTP entry point of intake: PUT, DELETE and bulk POST of images, answered with 202 only after COMMIT."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from faust_app.core.dispatch.shop_controls import ShopControl, send_again_after
from faust_app.core.images.request_rules import Accepted, Decision, Superseded, Unchanged
from faust_app.core.iso_time import iso_time
from faust_app.core.messages.events import MAX_ID_BYTES, MAX_NUMBER, BatchItem, Image, ImageRequest
from faust_app.core.messages.rejection import EntryPoint, Rejection
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.rejections import RejectionBuffer
from faust_app.web.access_log import correlate
from faust_app.web.auth.rate_limits import RateLimits
from faust_app.web.auth.tokens import sender_of
from faust_app.web.contract.answers.images import AcceptedImage, BatchAnswer
from faust_app.web.contract.bodies import (
    MAX_BATCH_ITEMS,
    NDJSON,
    Problems,
    batch_requests,
    delete_request,
    image_id_of,
    no_body,
    put_request,
    query_of,
    shop_no_of,
)
from faust_app.web.contract.operation import JSON, Answered, Operation, Parameter, described, read_nothing
from faust_app.web.problems import Problem

_TAKEN: Final = {
    200: Answered("Nothing new is wanted: `superseded` by a newer request, or `unchanged`.", AcceptedImage),
    202: Answered("The request is stored; the image follows.", AcceptedImage),
}
_EXTERNAL_VERSION: Final = Parameter(
    "external_version", read_nothing, {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER}, "The sender's own revision of the image."
)
_BATCH: Final[dict[str, dict[str, Any]]] = {
    JSON: {"type": "array", "minItems": 1, "maxItems": MAX_BATCH_ITEMS, "items": BatchItem},
    NDJSON: {"type": "string", "description": "One item a line."},
}


class PausedShop(Problem):
    """The answer to whatever is sent to a paused shop."""

    def __init__(self, pause: ShopControl, now: datetime) -> None:
        until = None if pause.until is None else iso_time(pause.until, "microseconds")
        super().__init__(
            429,
            f"{pause.refusal}; nothing was stored, send it again later",
            title="Shop is paused",
            headers={"Retry-After": str(send_again_after(pause, now))},
            members={"reason": pause.reason, "until": until},
        )


class IntakeHandlers:
    """Handlers that turn HTTP requests into image requests, and the decisions on them into responses.

    `pause_of` returns the pause of a shop, and `now` is the time of day, UTC without a zone.
    """

    def __init__(
        self,
        intake: Intake,
        rejections: RejectionBuffer,
        limits: RateLimits,
        *,
        pause_of: Callable[[int], ShopControl | None],
        now: Callable[[], datetime],
    ) -> None:
        self._intake = intake
        self._limits = limits
        self._rejections = rejections
        self._pause_of = pause_of
        self._now = now

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_put("/v1/shops/{shop_no}/images/{image_id:[^/]+}", self.put)
        router.add_delete("/v1/shops/{shop_no}/images/{image_id:[^/]+}", self.delete)
        router.add_post("/v1/shops/{shop_no}/images", self.post)

    @described(Operation(_TAKEN, body=Image))
    async def put(self, request: web.Request) -> web.Response:
        """Register or update one image."""
        with self._kept(request):
            query_of(request)
            asked = await put_request(self._open_shop(request), image_id_of(request), request)
        correlate(request, asked.correlation_id)
        return await self._one(asked)

    @described(Operation(_TAKEN, query=(_EXTERNAL_VERSION,), problems=(413,)))
    async def delete(self, request: web.Request) -> web.Response:
        """Delete one image."""
        with self._kept(request):
            shop_no = self._open_shop(request)
            await no_body(request)
            asked = delete_request(shop_no, image_id_of(request), request)
        correlate(request, asked.correlation_id)
        return await self._one(asked)

    @described(Operation({202: Answered("The result of each item.", BatchAnswer)}, bodies=_BATCH))
    async def post(self, request: web.Request) -> web.Response:
        """Accept up to 1,000 requests of a shop; invalid items do not affect valid ones."""
        with self._kept(request):
            query_of(request)
            shop_no = self._open_shop(request)
            items = await batch_requests(shop_no, request)
        self._limits.charge(sender_of(request), len(items))
        self._keep_items(request, shop_no, items)
        valid = [item for item in items if isinstance(item, ImageRequest)]
        decisions = iter(await self._intake.accept(valid, entry_point="http") if valid else [])
        results = [_result(n, item, next(decisions) if isinstance(item, ImageRequest) else None) for n, item in enumerate(items)]
        counts = {name: sum(result["result"] == name for result in results) for name in ("accepted", "unchanged", "superseded", "invalid")}
        return web.json_response({**counts, "items": results}, status=202)

    def _open_shop(self, request: web.Request) -> int:
        """Return the shop of the path. Raises PausedShop, before the body is read."""
        shop_no = shop_no_of(request)
        pause = self._pause_of(shop_no)
        if pause is not None:
            self._intake.count_paused(entry_point="http")
            raise PausedShop(pause, self._now())
        return shop_no

    @contextmanager
    def _kept(self, request: web.Request) -> Iterator[None]:
        """Keep why a request is refused, for the page of its shop."""
        try:
            yield
        except PausedShop:  # the page shows the pause; each request that it refuses would push other rejections out
            raise
        except Problem as problem:
            shop_no, image_id = _names_of(request)
            errors: Sequence[tuple[str | None, str]] = problem.errors or [(None, problem.detail)]
            for field, reason in errors:
                self._rejections.add(Rejection(EntryPoint.HTTP, reason, field, shop_no, image_id, sender_of(request).name))
            raise

    def _keep_items(self, request: web.Request, shop_no: int, items: Sequence[ImageRequest | Problems]) -> None:
        sender = sender_of(request).name
        for item in items:
            for field, reason in [] if isinstance(item, ImageRequest) else item:
                self._rejections.add(Rejection(EntryPoint.HTTP, reason, field, shop_no, sender=sender))

    async def _one(self, asked: ImageRequest) -> web.Response:
        (decision,) = await self._intake.accept([asked], entry_point="http")
        return web.json_response(_answer(decision), status=202 if isinstance(decision, Accepted) else 200)


def _names_of(request: web.Request) -> tuple[int | None, str | None]:
    """Return shop and image as far as the path names them."""
    try:
        shop_no = shop_no_of(request)
        image_id = image_id_of(request) if "image_id" in request.match_info else None
    except Problem:
        return None, None
    return shop_no, image_id if image_id is not None and len(image_id.encode()) <= MAX_ID_BYTES else None


def _answer(decision: Decision) -> dict[str, object]:
    answer: dict[str, object] = {"version": decision.row.version, "state": decision.row.state.value}
    if isinstance(decision, Superseded):
        answer["superseded"] = True
    if isinstance(decision, Unchanged):
        answer["unchanged"] = True
    return answer


def _result(number: int, item: ImageRequest | Problems, decision: Decision | None) -> dict[str, object]:
    if decision is None or not isinstance(item, ImageRequest):
        errors = [] if isinstance(item, ImageRequest) else item
        return {"index": number, "result": "invalid", "errors": [{"field": field, "reason": reason} for field, reason in errors]}
    result: dict[str, object] = {"index": number, "image_id": item.image_id, "result": type(decision).__name__.lower()}
    if item.correlation_id is not None:
        result["correlation_id"] = item.correlation_id
    return result | {"version": decision.row.version, "state": decision.row.state.value}
