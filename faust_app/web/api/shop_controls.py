"""The controls of shops over HTTP: what holds, and setting and lifting it in every worker."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.dispatch.lanes import REASON_CHARACTERS
from faust_app.core.dispatch.shop_controls import ControlKind, ShopControl, shop_control_json
from faust_app.core.messages.zoned_time import NOT_A_TIME, ZonedTime
from faust_app.flows.controls.shop_desk import LONGEST, ControlDraft, ControlRefusedError, ShopDesk
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.answers.controls import ShopControlAnswer, ShopControlList
from faust_app.web.contract.bodies import body_of, invalid, no_body, query_of, shop_no_of
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.problems import Problem


class ControlBody(BaseModel):
    """What is set, why, and until when or for how long; with neither until it is lifted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    value: Annotated[float | None, Field(description="A weight, slots in each worker, or images a minute; none for a pause.")] = None
    reason: Annotated[str, Field(min_length=1, max_length=REASON_CHARACTERS, description="Whoever meets the control reads it.")]
    until: ZonedTime | None = None
    seconds: Annotated[int | None, Field(gt=0, le=int(LONGEST.total_seconds()))] = None


class ShopControlHandlers:
    """Handlers of the controls of shops."""

    def __init__(self, desk: ShopDesk) -> None:
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/shop-controls", self.list)
        router.add_get("/v1/shops/{shop_no}/controls", self.of_shop)
        router.add_get("/v1/shops/{shop_no}/controls/{kind}", self.one)
        router.add_put("/v1/shops/{shop_no}/controls/{kind}", self.set)
        router.add_delete("/v1/shops/{shop_no}/controls/{kind}", self.lift)

    @described(Operation({200: Answered("The controls of every shop that has one.", ShopControlList)}))
    async def list(self, request: web.Request) -> web.Response:
        """Return the controls that hold, of all shops."""
        query_of(request)
        return _answer(await self._desk.controls())

    @described(Operation({200: Answered("The controls of the shop.", ShopControlList)}))
    async def of_shop(self, request: web.Request) -> web.Response:
        """Return the controls of a shop that hold."""
        query_of(request)
        return _answer(await self._desk.controls(shop_no_of(request)))

    @described(Operation({200: Answered("The control.", ShopControlAnswer)}))
    async def one(self, request: web.Request) -> web.Response:
        """Return a control of a shop, if one of this kind holds."""
        query_of(request)
        shop_no, kind = shop_no_of(request), kind_of(request)
        found = next((each for each in await self._desk.controls(shop_no) if each.kind is kind), None)
        if found is None:
            raise Problem(404, f"no control {kind} holds for shop {shop_no}")
        return web.json_response(shop_control_json(found))

    @described(Operation({200: Answered("It holds in every worker within a second.", ShopControlAnswer)}, body=ControlBody))
    async def set(self, request: web.Request) -> web.Response:
        """Set a control of a shop in every worker, in place of its former one of this kind."""
        query_of(request)
        shop_no, kind, body = shop_no_of(request), kind_of(request), await body_of(ControlBody, request)
        try:
            control = await self._desk.set(shop_no, ControlDraft(kind, body.value, body.reason, _end(body)), actor_of(request))
        except ControlRefusedError as error:
            field = "seconds" if error.field == "until" and body.seconds is not None else error.field
            raise invalid([(field, str(error))]) from error
        return web.json_response(shop_control_json(control))

    @described(Operation({200: Answered("What still holds for the shop.", ShopControlList)}))
    async def lift(self, request: web.Request) -> web.Response:
        """Lift a control of a shop in every worker; where none holds nothing changes."""
        query_of(request)
        shop_no, kind = shop_no_of(request), kind_of(request)
        await no_body(request)
        await self._desk.lift(shop_no, kind, actor_of(request))
        return _answer(await self._desk.controls(shop_no))


def kind_of(request: web.Request) -> ControlKind:
    """Return the kind of the path. Raises Problem."""
    try:
        return ControlKind(request.match_info["kind"])
    except ValueError:
        raise Problem(404, f"there is no such control; there are {', '.join(ControlKind)}") from None


def _end(body: ControlBody) -> datetime | timedelta | None:
    """Return when, or after how long, the control ends. Raises Problem."""
    if body.seconds is not None:
        if body.until is not None:
            raise invalid([("until", "is given beside seconds; give one of them")])
        return timedelta(seconds=body.seconds)
    if body.until is None:
        return None
    try:
        return body.until.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:  # the year 9999 in a zone behind UTC
        raise invalid([("until", NOT_A_TIME)]) from None


def _answer(controls: Sequence[ShopControl]) -> web.Response:
    return web.json_response({"controls": [shop_control_json(control) for control in controls]})
