"""The figures of a shop over HTTP: what its page shows, for machines."""

from datetime import date
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping

from faust_app.core.iso_time import iso_time
from faust_app.core.statistics.compare import Compare
from faust_app.core.statistics.periods import Granularity, Row
from faust_app.core.statistics.ranges import DayRange, Preset
from faust_app.core.statistics.table import Before
from faust_app.flows.statistics.shop_report import ReadReport, Report
from faust_app.web.auth.tokens import sender_of
from faust_app.web.contract.answers.reports import ReportAnswer
from faust_app.web.contract.bodies import invalid, shop_no_of
from faust_app.web.contract.operation import Answered, Operation, Parameter, described, read_nothing
from faust_app.web.problems import Problem
from faust_app.web.reports.figures.columns import COLUMNS
from faust_app.web.reports.figures.pages import Exists
from faust_app.web.reports.figures.query import VIEW, Fault, Query, read_query
from faust_app.web.reports.frame import is_operator
from faust_app.web.reports.language import ENGLISH

_DAY: Final = {"type": "string", "format": "date"}
_QUERY: Final = (
    Parameter("range", read_nothing, {"type": "string", "enum": list(Preset)}, "A named range; 30d without it. Not with `from` and `to`."),
    Parameter("from", read_nothing, _DAY, "The first day, in the platform's time zone; at most 13 months before `to`."),
    Parameter("to", read_nothing, _DAY, "The last day; today without it."),
    Parameter("by", read_nothing, {"type": "string", "enum": list(Granularity)}, "What a row stands for; weeks are ISO weeks."),
    Parameter("compare", read_nothing, {"type": "string", "enum": list(Compare)}, "What the figures are compared with."),
    Parameter("view", read_nothing, {"type": "string", "enum": [VIEW]}, "The operator's figures too, for tokens of all shops."),
)


class ReportHandlers:
    """Handlers of reports."""

    def __init__(self, reports: ReadReport, *, exists: Exists) -> None:
        self._reports = reports
        self._exists = exists

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get("/v1/shops/{shop_no}/reports", self.get)

    @described(Operation({200: Answered("The figures.", ReportAnswer)}, query=_QUERY))
    async def get(self, request: web.Request) -> web.Response:
        """Return a shop's figures by day, week or month. Rows are the oldest first; a day that is not known is never counted as zero."""
        shop_no, today = shop_no_of(request), self._reports.today()
        query = read_question(request.query, today, operators=is_operator(sender_of(request)))
        if not isinstance(query, Query):
            raise invalid([(fault.field, fault.text(ENGLISH)) for fault in query])
        report = await self._reports.of_shop(shop_no, query.question, today)
        if report.is_empty and not await self._exists(shop_no):
            raise Problem(404, f"shop {shop_no} has never sent a request; check the number")
        return web.json_response(report_json(shop_no, query, report), headers={"Cache-Control": "no-store"})


def read_question(given: MultiMapping[str], today: date, *, operators: bool) -> Query | list[Fault]:
    """Read the parameters of a report as `read_query` does, and refuse empty ones.

    On a form an empty field is one that nobody filled in; a machine that sends one meant to fill it in.
    """
    known = tuple(parameter.name for parameter in _QUERY)
    query = read_query(given, today, operators=operators, known=known)
    empty = [name for name in known if any(not value.strip() for value in given.getall(name, []))]
    others = () if isinstance(query, Query) else query
    faults = [*(Fault(name, "empty", {}) for name in empty), *(fault for fault in others if fault.field not in empty)]
    return query if isinstance(query, Query) and not faults else faults


def report_json(shop_no: int, query: Query, report: Report) -> dict[str, Any]:
    """Return a report as a JSON object; times in UTC."""
    table, trade = report.table, query.for_operators
    compared = None
    if table.earlier is not None:
        figures = figures_json(table.total_before, trade=trade)
        compared = {**_range(table.earlier.range), "basis": table.earlier.basis.value, "figures": figures}
    return {
        "shop_no": shop_no,
        **_range(table.question.shown),
        "by": table.question.by.value,
        "as_of": iso_time(report.as_of),
        "refreshing_days": report.refreshing,
        "rows": [_row(row, before, report, trade=trade) for row, before in zip(table.rows, table.before, strict=True)],
        "total": _row(table.total, table.total_before, report, trade=trade),
        "compared": compared,
        "months": [
            {"month": str(each.month), "number": each.closed.number if each.closed else None, "closes_on": str(each.closes_on)}
            for each in report.months
        ],
        "corrections": [
            {"number": each.number, "day": str(each.day), "at": iso_time(each.at), "reason": each.reason}
            for each in report.corrections
            if each.applied
        ],
    }


def figures_json(row: Row | Before, *, trade: bool) -> dict[str, Any]:
    """Return figures as a JSON object; `trade` adds those for operators."""
    values = {column.name: column.of(row) for column in COLUMNS}
    figures: dict[str, Any] = {column.name: values[column.name] for column in COLUMNS if not column.for_operators}
    if trade:
        sources = {source.value: days for source, days in row.sources.items()} if isinstance(row, Row) else {}
        figures["operator"] = {**{column.name: values[column.name] for column in COLUMNS if column.for_operators}, "sources": sources}
    return figures


def _row(row: Row, before: Before, report: Report, *, trade: bool) -> dict[str, Any]:
    closed = {each.month for each in report.months if each.closed is not None}
    told = {
        **figures_json(row, trade=trade),
        **_range(row.shown),
        "extent": row.extent.value,
        "missing_days": row.missing,
        "final": closed.issuperset(row.shown.months),
    }
    return told if report.table.earlier is None else {**told, "before": figures_json(before, trade=trade)}


def _range(days: DayRange) -> dict[str, Any]:
    return {"from": str(days.first), "to": str(days.last)}
