"""The state of the daily statistics over HTTP, and loads of days."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.statistics.report import ClosedMonth, Correction
from faust_app.core.statistics.run import StatisticsRun
from faust_app.flows.statistics.desk import StatisticsDesk, StatisticsState
from faust_app.flows.statistics.load_range import RangeError
from faust_app.web.api.images import time_text
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.answers.statistics import StatisticsAnswer, StatisticsLoadAnswer
from faust_app.web.contract.bodies import body_of, invalid, query_of
from faust_app.web.contract.operation import Answered, Operation, described

_REASON: Final = 500


class LoadBody(BaseModel):
    """Which days to count again; without them all that are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)

    first: Annotated[date | None, Field(alias="from", description="The first day, in the platform's zone.")] = None
    last: Annotated[date | None, Field(alias="to", description="The last day.")] = None
    reason: Annotated[
        str | None,
        Field(
            min_length=1, max_length=_REASON, description="Allows days of closed months to change; every shop reads it with the correction."
        ),
    ] = None


class StatisticsHandlers:
    """Handlers of the statistics' loads."""

    def __init__(self, desk: StatisticsDesk) -> None:
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/statistics", self.state)
        router.add_post("/v1/statistics/loads", self.load)

    @described(Operation({200: Answered("How the statistics stand.", StatisticsAnswer)}))
    async def state(self, request: web.Request) -> web.Response:
        """Return which days are loaded, which months are closed, corrections, and loads that were asked for."""
        query_of(request)
        return web.json_response(_state(await self._desk.state()))

    @described(
        Operation(
            {202: Answered("The process `stats` begins it within seconds.", StatisticsLoadAnswer)},
            body=LoadBody,
            body_optional=True,
        )
    )
    async def load(self, request: web.Request) -> web.Response:
        """Have days counted again, and loaded where their figures differ."""
        query_of(request)
        body = await body_of(LoadBody, request, optional=True)
        try:
            number = await self._desk.ask(body.first, body.last, body.reason, actor_of(request))
        except RangeError as error:
            raise invalid([("from", str(error))]) from error
        return web.json_response({"number": number}, status=202)


def _state(state: StatisticsState) -> dict[str, Any]:
    night = state.night
    return {
        "loaded_to": state.newest[0].day.isoformat() if state.newest else None,
        "missing": [day.isoformat() for day in state.missing],
        "problem": state.problem,
        "closed": _closed(state.closed),
        "corrections": _corrections(state.corrections),
        "loads": [_run(run) for run in state.runs],
        "last_night": None if night is None else {"finished": time_text(night.finished), "found": dict(night.found)},
    }


def _closed(months: Sequence[ClosedMonth]) -> list[dict[str, Any]]:
    return [{"month": f"{each.month:%Y-%m}", "number": each.number, "closed_at": time_text(each.closed_at)} for each in months]


def _corrections(corrections: Sequence[Correction]) -> list[dict[str, Any]]:
    return [
        {
            "number": each.number,
            "day": each.day.isoformat(),
            "at": time_text(each.at),
            "applied": each.applied,
            "reason": each.reason,
            "before": {name: each.before[name] for name in each.changed},
            "after": {name: each.after[name] for name in each.changed},
        }
        for each in corrections
    ]


def _run(run: StatisticsRun) -> dict[str, Any]:
    return {
        "number": run.number,
        "from": run.first.isoformat(),
        "to": run.last.isoformat(),
        "reason": run.reason,
        "asked_by": run.asked_by,
        "asked_at": time_text(run.asked_at),
        "started_at": time_text(run.started_at),
        "ended_at": time_text(run.ended_at),
        "days": run.days,
        "days_done": run.days_done,
        "days_changed": run.days_changed,
        "problem": run.problem,
    }
