"""`/admin/lanes`: what waits in each lane, who paused it, and buttons to pause and resume it in every worker; and the controlled shops."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aiohttp import web

from faust_app.core.dispatch.lanes import REASON_CHARACTERS, Lane, LanePause, hours_of
from faust_app.flows.controls.lane_desk import LONGEST, LaneDesk, PauseRefusedError
from faust_app.flows.controls.shop_desk import ShopDesk
from faust_app.flows.monitoring.lag import WatchLag
from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.api.lanes import lane_of
from faust_app.web.auth.tokens import actor_of

PATH: Final = "/admin/lanes"
_CARRIES: Final = {
    Lane.EXPRESS: "the few changes that each shop makes now and then",
    Lane.BULK: "what a shop sends beyond that, catalogues, and repairs",
    Lane.RETRY: "images that failed, or waited for their source, and are due again",
}
_HOURS: Final = LONGEST // timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ListedLane:
    """One lane of the page; `waiting` is None before the first sample."""

    lane: Lane
    carries: str
    waiting: int | None
    pause: LanePause | None


class LanesPage:
    """Serves the lanes. `topics` names the topic of each."""

    def __init__(self, frame: Frame, desk: LaneDesk, shops: ShopDesk, lag: WatchLag, topics: Mapping[Lane, str]) -> None:
        self._frame = frame
        self._desk = desk
        self._shops = shops
        self._lag = lag
        self._topics = topics

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.show)
        router.add_post(f"{PATH}/{{lane}}/pause", self.pause)
        router.add_post(f"{PATH}/{{lane}}/resume", self.resume)

    async def show(self, request: web.Request) -> web.Response:
        """Show the lanes."""
        refuse_unknown(request)
        return await self._page(request)

    async def pause(self, request: web.Request) -> web.Response:
        """Pause a lane; each fault is shown beside its field."""
        lane, given = lane_of(request), await form_of(request, "reason", "hours")
        try:
            await self._desk.pause(lane, given["reason"], _lasts(given["hours"]), actor_of(request))
        except PauseRefusedError as error:
            return await self._page(request, {"lane": lane, **given}, {error.field: str(error)})
        return see_other(PATH)

    async def resume(self, request: web.Request) -> web.Response:
        """Resume a lane; one that is not paused stays as it is."""
        await form_of(request)
        await self._desk.resume(lane_of(request), actor_of(request))
        return see_other(PATH)

    async def _page(
        self, request: web.Request, given: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None
    ) -> web.Response:
        pauses = await self._desk.pauses()
        lanes = [ListedLane(lane, _CARRIES[lane], self._waiting(lane), pauses.get(lane)) for lane in Lane]
        shops = await self._shops.controls()
        values = {
            "lanes": lanes,
            "shops": shops,
            "given": given or {},
            "faults": faults or {},
            "path": PATH,
            "longest": _HOURS,
            "most": REASON_CHARACTERS,
        }
        return self._frame.page(request, "admin/lanes.html", status=400 if faults else 200, **values)

    def _waiting(self, lane: Lane) -> int | None:
        report = self._lag.report
        if report is None:
            return None
        topic = self._topics[lane]
        return sum(each.lag for group in report.groups for each in group.sample.partitions if each.place[0] == topic)


def _lasts(hours: str) -> timedelta | None:
    if not hours.strip():
        return None
    try:
        return hours_of(hours)
    except ValueError as error:
        raise PauseRefusedError("for", f"{error}, or empty") from None
