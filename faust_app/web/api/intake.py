"""The HTTP entry point of intake: PUT, DELETE and bulk POST of images, answered with 202 only after COMMIT."""

from aiohttp import web

from faust_app.core.images.request_rules import Accepted, Decision, Superseded, Unchanged
from faust_app.core.messages.events import ImageRequest
from faust_app.flows.images.intake import Intake
from faust_app.web.api.bodies import Problems, batch_requests, delete_request, image_id_of, no_body, put_request, query_of, shop_no_of


class IntakeHandlers:
    """Handlers that turn HTTP requests into image requests, and the decisions on them into responses."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_put("/v1/shops/{shop_no}/images/{image_id:[^/]+}", self.put)
        router.add_delete("/v1/shops/{shop_no}/images/{image_id:[^/]+}", self.delete)
        router.add_post("/v1/shops/{shop_no}/images", self.post)

    async def put(self, request: web.Request) -> web.Response:
        """Register or update one image."""
        query_of(request, {})
        return await self._one(await put_request(shop_no_of(request), image_id_of(request), request))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete one image."""
        await no_body(request)
        return await self._one(delete_request(shop_no_of(request), image_id_of(request), request))

    async def post(self, request: web.Request) -> web.Response:
        """Accept up to 1,000 requests of a shop; invalid items do not affect valid ones."""
        query_of(request, {})
        items = await batch_requests(shop_no_of(request), request)
        valid = [item for item in items if isinstance(item, ImageRequest)]
        decisions = iter(await self._intake.accept(valid, entry_point="http") if valid else [])
        results = [_result(n, item, next(decisions) if isinstance(item, ImageRequest) else None) for n, item in enumerate(items)]
        counts = {name: sum(result["result"] == name for result in results) for name in ("accepted", "unchanged", "superseded", "invalid")}
        return web.json_response({**counts, "items": results}, status=202)

    async def _one(self, asked: ImageRequest) -> web.Response:
        (decision,) = await self._intake.accept([asked], entry_point="http")
        return web.json_response(_answer(decision), status=202 if isinstance(decision, Accepted) else 200)


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
