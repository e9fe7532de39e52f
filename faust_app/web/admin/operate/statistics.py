"""`/admin/statistics`: which days are loaded and closed, corrections, the last night, and a button to load days."""

from datetime import date
from typing import Any, Final

from aiohttp import web

from faust_app.flows.statistics.desk import StatisticsDesk
from faust_app.flows.statistics.load_range import RangeError
from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.auth.tokens import actor_of

PATH: Final = "/admin/statistics"
_REASON: Final = 500
_FIELDS: Final = ("from", "to", "reason")


class StatisticsPage:
    """Serves the state, and takes loads."""

    def __init__(self, frame: Frame, desk: StatisticsDesk) -> None:
        self._frame = frame
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.show)
        router.add_post(PATH + "/loads", self.load)

    async def show(self, request: web.Request) -> web.Response:
        """Show how the statistics stand."""
        refuse_unknown(request)
        return await self._page(request, {}, {})

    async def load(self, request: web.Request) -> web.Response:
        """Request a load; each fault is shown beside its field."""
        given = await form_of(request, *_FIELDS)
        faults: dict[str, str] = {}
        days = {name: _day(given[name], name, faults) for name in ("from", "to")}
        reason = given["reason"].strip()
        if len(reason) > _REASON or not reason.isprintable():
            faults["reason"] = f"must be at most {_REASON} printable characters"
        if not faults:
            try:
                await self._desk.ask(days["from"], days["to"], reason or None, actor_of(request))
            except RangeError as error:
                faults["from"] = str(error)
        return await self._page(request, given, faults) if faults else see_other(f"{PATH}#loads")

    async def _page(self, request: web.Request, given: dict[str, str], faults: dict[str, str]) -> web.Response:
        state = await self._desk.state()
        values: dict[str, Any] = {name: given.get(name, "") for name in _FIELDS}
        return self._frame.page(
            request, "admin/statistics.html", status=400 if faults else 200, state=state, given=values, faults=faults, path=PATH
        )


def _day(text: str, name: str, faults: dict[str, str]) -> date | None:
    text = text.strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults[name] = "must be a day, like 2026-03-01"
        return None
