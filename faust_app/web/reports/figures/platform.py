"""`/reports`: the figures of all shops together, for operators, with the largest shops and the slowest sources."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from aiohttp import web

from faust_app.core.failure import Unavailable
from faust_app.core.statistics.figures import Source
from faust_app.core.statistics.slow_source import SAMPLED, SlowSource
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.sources import SlowSources
from faust_app.flows.statistics.shop_report import ReadReport, Report
from faust_app.web.admin.frame import exists
from faust_app.web.auth.tokens import sender_of
from faust_app.web.contract.bodies import invalid
from faust_app.web.reports.figures.form import Form
from faust_app.web.reports.figures.pages import csv_of, opens_nothing, shown_values
from faust_app.web.reports.figures.query import Query, read_query
from faust_app.web.reports.figures.view import view_of
from faust_app.web.reports.frame import PATH, SHOP, ReportFrame, is_operator, linked
from faust_app.web.reports.language import ENGLISH, Language, language_of

log = structlog.get_logger()

_TOP: Final = 20
_SLOW_SINCE: Final = timedelta(hours=24)
_AT_LEAST: Final = 5
"""Images that a source needs to be listed: one slow image says little of its server."""
STATE_OF_THE_LOAD: Final = "/admin/statistics"


class PlatformPages:
    """Serves the figures of all shops together."""

    def __init__(self, frame: ReportFrame, reports: ReadReport, slow: SlowSources, *, clock: Clock) -> None:
        self._frame = frame
        self._reports = reports
        self._slow = slow
        self._clock = clock

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.show)
        router.add_get(PATH + "/figures.csv", self.download)

    async def show(self, request: web.Request) -> web.Response:
        """Show the figures; what is wrong with the address stands beside its field."""
        today, language = self._reports.today(), language_of(request)
        query = read_query(request.query, today, operators=is_operator(sender_of(request)))
        form = Form(request, today, query)
        if not isinstance(query, Query):
            return self._frame.page(request, "reports/platform.html", status=400, form=form, query=None, view=None)
        report = await self._reports.of_platform(query.question, today, _TOP)
        slow = await self._slowest()
        view = view_of(report.table, query, language, opens_nothing)
        values = {**shown_values(self._frame, report, query, view, language), **self._lists(request, report, query, slow)}
        return self._frame.page(request, "reports/platform.html", form=form, query=query, **values)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Return the figures as CSV: the rows and columns of the page."""
        today = self._reports.today()
        query = read_query(request.query, today, operators=is_operator(sender_of(request)))
        if not isinstance(query, Query):
            raise invalid([(fault.field, fault.text(ENGLISH)) for fault in query])
        report = await self._reports.of_platform(query.question, today, 0)
        shown = query.question.shown
        view = view_of(report.table, query, language_of(request), opens_nothing)
        return await csv_of(request, f"figures-of-all-shops-{shown.first}-{shown.last}", view)

    async def _slowest(self) -> Sequence[SlowSource] | None:
        """Return the slowest sources, None while the database does not answer: the figures do not need it."""
        try:
            return await self._slow.slowest(await self._clock.now() - _SLOW_SINCE, at_least=_AT_LEAST, limit=_TOP)
        except Unavailable as failure:
            log.warning("slowest sources are not read", reason=str(failure))
            return None

    def _lists(self, request: web.Request, report: Report, query: Query, slow: Sequence[SlowSource] | None) -> dict[str, Any]:
        asked = {name: value for name, value in query.parameters().items() if name != "figure"}
        language = language_of(request)
        top = None
        if report.top is not None:
            top = [(each, linked(request, SHOP.format(shop_no=each.shop_no), **asked)) for each in report.top]
        return {
            "top": top,
            "slow": slow,
            "sampled": language.number(SAMPLED),
            "at_least": language.number(_AT_LEAST),
            "sources": sources_text(report, language),
            "load": STATE_OF_THE_LOAD if exists(request, STATE_OF_THE_LOAD) else None,
        }


def sources_text(report: Report, language: Language) -> list[tuple[str, int]]:
    """Return how many days of the range come from where."""
    return [(language.text(f"source.{source.value}"), days) for source in Source if (days := report.table.total.sources.get(source, 0))]
