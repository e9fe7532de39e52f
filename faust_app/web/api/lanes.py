"""The lanes over HTTP: which are paused, and pausing and resuming one in every worker."""

from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.dispatch.lanes import REASON_CHARACTERS, Lane, lane_json
from faust_app.flows.controls.lane_desk import LONGEST, LaneDesk, PauseRefusedError
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.answers.lanes import LaneAnswer, LaneList
from faust_app.web.contract.bodies import body_of, invalid, no_body, query_of
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.problems import Problem


class PauseBody(BaseModel):
    """Why a lane is paused, and for how long."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    reason: Annotated[str, Field(min_length=1, max_length=REASON_CHARACTERS, description="Whoever meets the pause reads it.")]
    seconds: Annotated[
        int | None,
        Field(gt=0, le=int(LONGEST.total_seconds()), description="How long it lasts; without it until the lane is resumed."),
    ] = None


class LaneHandlers:
    """Handlers of the lanes."""

    def __init__(self, desk: LaneDesk) -> None:
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/lanes", self.list)
        router.add_post("/v1/lanes/{lane}/pause", self.pause)
        router.add_post("/v1/lanes/{lane}/resume", self.resume)

    @described(Operation({200: Answered("Every lane, with its pause.", LaneList)}))
    async def list(self, request: web.Request) -> web.Response:
        """Return the lanes, and which are paused by whom and why."""
        query_of(request)
        pauses = await self._desk.pauses()
        return web.json_response({"lanes": [lane_json(lane, pauses.get(lane)) for lane in Lane]})

    @described(Operation({200: Answered("The lane is paused in every worker within a second.", LaneAnswer)}, body=PauseBody))
    async def pause(self, request: web.Request) -> web.Response:
        """Pause a lane in every worker, in place of a former pause of it."""
        query_of(request)
        lane, body = lane_of(request), await body_of(PauseBody, request)
        lasts = None if body.seconds is None else timedelta(seconds=body.seconds)
        try:
            pause = await self._desk.pause(lane, body.reason, lasts, actor_of(request))
        except PauseRefusedError as error:
            raise invalid([("seconds" if error.field == "for" else error.field, str(error))]) from error
        return web.json_response(lane_json(lane, pause))

    @described(Operation({200: Answered("The lane runs in every worker within a second.", LaneAnswer)}))
    async def resume(self, request: web.Request) -> web.Response:
        """Resume a lane in every worker; one that is not paused stays as it is."""
        query_of(request)
        lane = lane_of(request)
        await no_body(request)
        await self._desk.resume(lane, actor_of(request))
        return web.json_response(lane_json(lane, None))


def lane_of(request: web.Request) -> Lane:
    """Return the lane of the path. Raises Problem."""
    try:
        return Lane(request.match_info["lane"])
    except ValueError:
        raise Problem(404, f"there is no such lane; there are {', '.join(Lane)}") from None
