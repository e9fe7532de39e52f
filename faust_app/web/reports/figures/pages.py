"""`/reports/{shop_no}`: the figures of a shop, as page and as CSV."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any, Final

import structlog
from aiohttp import web

from faust_app.core.failure import Unavailable
from faust_app.core.statistics.calendar import first_kept
from faust_app.core.statistics.ranges import DayRange
from faust_app.flows.reports.mend import MendOverview
from faust_app.flows.statistics.shop_report import ReadReport, Report
from faust_app.web.admin.forms import form_of, see_other
from faust_app.web.auth.tokens import sender_of
from faust_app.web.contract.bodies import invalid, shop_no_of
from faust_app.web.csv_response import csv_response
from faust_app.web.reports.figures.columns import Column
from faust_app.web.reports.figures.form import Form
from faust_app.web.reports.figures.freshness import corrections, freshness
from faust_app.web.reports.figures.query import VIEW, Query, read_query
from faust_app.web.reports.figures.sentence import compared_with, describe, range_title
from faust_app.web.reports.figures.view import View, view_of
from faust_app.web.reports.frame import SEGMENT, SHOP, ReportFrame, ReportProblem, is_operator, linked
from faust_app.web.reports.language import ENGLISH, Language, language_of
from faust_app.web.reports.mend.words import around, stands

log = structlog.get_logger()

Exists = Callable[[int], Awaitable[bool]]
"""Returns whether a shop has ever sent a request."""


ReadStanding = Callable[[int], Awaitable[MendOverview]]
"""Returns how the pictures of a shop stand now."""
STANDING_SECONDS: Final = 0.5
"""Seconds that the first line has: a page of figures does not wait longer for it, and is shown without it."""


class FigurePages:
    """Serves the figures of a shop."""

    def __init__(self, frame: ReportFrame, reports: ReadReport, *, exists: Exists, standing: ReadStanding) -> None:
        self._frame = frame
        self._reports = reports
        self._exists = exists
        self._standing = standing

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(SHOP, self.show)
        router.add_get(SHOP + "/figures.csv", self.download)
        router.add_post(SHOP + "/refresh", self.refresh)

    async def show(self, request: web.Request) -> web.Response:
        """Show the figures; what is wrong with the address stands beside its field."""
        shop_no, today, language = shop_no_of(request, SEGMENT), self._reports.today(), language_of(request)
        query = read_query(request.query, today, operators=is_operator(sender_of(request)))
        if not isinstance(query, Query):
            form = Form(request, today, query)
            return self._frame.page(request, "reports/figures.html", status=400, form=form, query=None, view=None)
        report, standing = await asyncio.gather(self._read(shop_no, query, today), self._first_line(shop_no, language))
        view = view_of(report.table, query, language, opens(request, shop_no))
        values = shown_values(self._frame, report, query, view, language)
        form, may_operate = Form(request, today, query), is_operator(sender_of(request))
        return self._frame.page(request, "reports/figures.html", form=form, query=query, may_operate=may_operate, **standing, **values)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Return what the page shows, as CSV."""
        shop_no, today, language = shop_no_of(request, SEGMENT), self._reports.today(), language_of(request)
        query = read_query(request.query, today, operators=is_operator(sender_of(request)))
        if not isinstance(query, Query):
            raise invalid([(fault.field, fault.text(ENGLISH)) for fault in query])
        report = await self._read(shop_no, query, today)
        shown = query.question.shown
        return await csv_of(
            request, f"figures-of-shop-{shop_no}-{shown.first}-{shown.last}", view_of(report.table, query, language, opens_nothing)
        )

    async def refresh(self, request: web.Request) -> web.Response:
        """Have the figures read anew, for whoever does not trust what is cached."""
        shop_no = shop_no_of(request, SEGMENT)
        await form_of(request)
        await self._reports.refresh(shop_no)
        return see_other(linked(request, SHOP.format(shop_no=shop_no), view=VIEW))

    async def _first_line(self, shop_no: int, language: Language) -> dict[str, Any]:
        """Return how the pictures stand, in the owner's words; nothing where that is not known soon."""
        try:
            async with asyncio.timeout(STANDING_SECONDS):
                found = await self._standing(shop_no)
        except (Unavailable, TimeoutError) as failure:
            log.warning("figures are shown without how the pictures stand", shop_no=shop_no, reason=str(failure) or "it took too long")
            return {"stands": [], "around": [], "to_mend": False}
        return {
            "stands": stands(language, found.standings) if found.standings.wanted else [],
            "around": around(language, found, self._frame.zone),
            "to_mend": bool(found.groups or found.standings.pictureless),
        }

    async def _read(self, shop_no: int, query: Query, today: date) -> Report:
        report = await self._reports.of_shop(shop_no, query.question, today)
        if report.is_empty and not await self._exists(shop_no):
            raise ReportProblem(404, "shop.unknown", shop_no=shop_no)
        return report


def opens(request: web.Request, shop_no: int) -> Callable[[Column, DayRange], str | None]:
    """Return what gives the address of the list that a figure of some days opens."""

    def address(column: Column, days: DayRange) -> str:
        path = f"{SHOP.format(shop_no=shop_no)}/images"
        return linked(request, path, **{"figure": column.name, "from": days.first, "to": days.last})

    return address


def opens_nothing(_column: Column, _days: DayRange) -> None:
    """Return no address: the figures open no list."""
    return


def shown_values(frame: ReportFrame, report: Report, query: Query, view: View, language: Language) -> dict[str, Any]:
    """Return what the page of a report shows."""
    table = report.table
    return {
        "view": view,
        "title": range_title(query.question.shown, language),
        "sentence": describe(table, query.figure, language),
        "compared": compared_with(table, language, language.day(first_kept(table.today))),
        "freshness": freshness(report, language, frame.zone),
        "corrections": corrections(report, language, frame.zone, operators=query.for_operators),
    }


async def csv_of(request: web.Request, name: str, view: View) -> web.StreamResponse:
    """Answer with the rows and columns of a view."""
    return await csv_response(request, name, view.header, _rows(view))


async def _rows(view: View) -> AsyncIterator[list[object]]:
    for record in (*view.records, view.total):
        yield record.raw
