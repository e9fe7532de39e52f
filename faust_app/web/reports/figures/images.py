"""`/reports/{shop_no}/images`: the images that a figure counts, newest first, as page and as CSV."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web
from multidict import MultiMapping

from faust_app.core.redact import redact_query
from faust_app.core.statistics.calendar import first_kept
from faust_app.core.statistics.ledger import Kind, LedgerEntry
from faust_app.core.statistics.ranges import DayRange, read_range
from faust_app.flows.ports.statistics import Ledger
from faust_app.flows.statistics.shop_report import ReadReport
from faust_app.web.admin.frame import exists
from faust_app.web.auth.tokens import sender_of
from faust_app.web.contract.bodies import invalid, shop_no_of
from faust_app.web.contract.parameters import number_of
from faust_app.web.csv_response import csv_response
from faust_app.web.pages.render import path_of
from faust_app.web.reports.figures.columns import REGISTERED, Column, columns_for
from faust_app.web.reports.figures.query import Fault, one_of, range_faults, unknown_faults
from faust_app.web.reports.figures.sentence import range_title
from faust_app.web.reports.frame import SEGMENT, SHOP, ReportFrame, is_operator, linked
from faust_app.web.reports.language import ENGLISH, LANGUAGES, PARAMETER, Language, language_of

PATH: Final = SHOP + "/images"
_ADMIN: Final = "/admin/shops/{shop_no}/images/{image_id}"
_PICTURE: Final = SHOP + "/pictures/{image_id}"
_PARAMETERS: Final = ("figure", "from", "to", "after", PARAMETER)
_SHOWN: Final = ("figure", "from", "to")
_PAGE: Final = 50
_AT_ONCE: Final = 500
"""Lines that the file reads at once."""
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which images are listed: those that a figure counts in some days, from behind a cursor on."""

    figure: Column
    kind: Kind
    days: DayRange
    after: int | None


class ImageListPages:
    """Serves the lists behind the figures of a shop."""

    def __init__(self, frame: ReportFrame, reports: ReadReport, ledger: Ledger) -> None:
        self._frame = frame
        self._reports = reports
        self._ledger = ledger

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.show)
        router.add_get(PATH + ".csv", self.download)

    async def show(self, request: web.Request) -> web.Response:
        """Show a page of the list; what is wrong with the address stands beside its field."""
        shop_no, today, operators = shop_no_of(request, SEGMENT), self._reports.today(), is_operator(sender_of(request))
        wanted = read_wanted(request.query, today, operators=operators)
        values: dict[str, Any] = {
            "figures": lists_for(operators=operators), "oldest": first_kept(today), "today": today, "operators": operators,
            "chosen_language": request.query.get(PARAMETER) if request.query.get(PARAMETER) in LANGUAGES else None,
        }  # fmt: skip
        if not isinstance(wanted, Wanted):
            return self._frame.page(request, "reports/images.html", status=400, wanted=None, **faulty_values(request, wanted), **values)
        return self._frame.page(request, "reports/images.html", **await self._values(request, shop_no, wanted), **values)

    async def _values(self, request: web.Request, shop_no: int, wanted: Wanted) -> dict[str, Any]:
        entries = await self._entries(shop_no, wanted, _PAGE + 1)
        first = parameters(wanted)
        return {
            "wanted": wanted,
            "wrong": {},
            "given": {name: str(value) for name, value in first.items()},
            "title": range_title(wanted.days, language_of(request)),
            "rows": [(entry, self._picture(request, shop_no, entry)) for entry in entries[:_PAGE]],
            "older": linked(request, request.path, **{**first, "after": entries[_PAGE - 1].cursor}) if len(entries) > _PAGE else None,
            "newest": linked(request, request.path, **first) if wanted.after is not None else None,
            "csv": linked(request, request.path + ".csv", **first),
            "redact": redact_query,
        }

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Return the whole list as CSV."""
        shop_no, operators = shop_no_of(request, SEGMENT), is_operator(sender_of(request))
        wanted = read_wanted(request.query, self._reports.today(), operators=operators)
        if not isinstance(wanted, Wanted):
            raise invalid([(fault.field, fault.text(ENGLISH)) for fault in wanted])
        name = f"{wanted.figure.name}-of-shop-{shop_no}-{wanted.days.first}-{wanted.days.last}"
        columns = header(language_of(request), operators=operators)
        return await csv_response(request, name, columns, self._rows(shop_no, wanted, operators=operators))

    async def _entries(self, shop_no: int, wanted: Wanted, limit: int) -> Sequence[LedgerEntry]:
        return await self._ledger.entries(shop_no, wanted.days.first, wanted.days.last, wanted.kind, after=wanted.after, limit=limit)

    async def _rows(self, shop_no: int, wanted: Wanted, *, operators: bool) -> AsyncIterator[Sequence[object]]:
        while entries := await self._entries(shop_no, wanted, _AT_ONCE):
            for entry in entries:
                yield record(entry, operators=operators)
            wanted = Wanted(wanted.figure, wanted.kind, wanted.days, entries[-1].cursor)

    def _picture(self, request: web.Request, shop_no: int, entry: LedgerEntry) -> str | None:
        """Return the page of an image: the operator's for operators, the shop's for all others; None for one that never had a request."""
        if entry.source_url is None:
            return None
        if is_operator(sender_of(request)) and exists(request, _ADMIN):
            return path_of(shop_no, entry.image_id)
        page = f"{SHOP.format(shop_no=shop_no)}/pictures/{quote(entry.image_id, safe='')}"
        return linked(request, page) if exists(request, _PICTURE) else None


def faulty_values(request: web.Request, faults: Sequence[Fault]) -> dict[str, Any]:
    """Return what the page shows of a request that is wrong: what was given, and the faults by field."""
    language = language_of(request)
    return {
        "wrong": {name: [fault.text(language) for fault in faults if fault.field == name] for name in _SHOWN},
        "others": [fault.text(language) for fault in faults if fault.field not in _SHOWN],
        "given": {name: request.query.get(name, "")[:_LONGEST] for name in _SHOWN},
    }


def lists_for(*, operators: bool) -> dict[str, Column]:
    """Return the figures that open a list, by name."""
    return {column.name: column for column in columns_for(operators=operators) if column.opens is not None}


def read_wanted(given: MultiMapping[str], today: date, *, operators: bool) -> Wanted | list[Fault]:
    """Read which images are asked for."""
    faults = unknown_faults(given, _PARAMETERS)
    figure = one_of("figure", given.get("figure", ""), lists_for(operators=operators), faults) or REGISTERED
    one_of(PARAMETER, given.get(PARAMETER, ""), LANGUAGES, faults)
    days = read_range(given.get("from", "").strip(), given.get("to", "").strip(), today)
    if not isinstance(days, DayRange):
        faults.extend(range_faults(days, today))
    after = None
    if text := given.get("after", ""):
        try:
            after = number_of(text)
        except ValueError:
            faults.append(Fault("after", "after", {}))
    if faults or not isinstance(days, DayRange) or figure.opens is None:
        return faults
    return Wanted(figure, figure.opens, days, after)


def parameters(wanted: Wanted) -> dict[str, object]:
    """Return the parameters of the list's first page."""
    return {"figure": wanted.figure.name, "from": wanted.days.first, "to": wanted.days.last}


def header(language: Language, *, operators: bool) -> list[str]:
    """Return the columns of the list: those of everybody, then those of operators."""
    names = ["at", "image", "product", "size", "address", *(["outcome", "code", "version", "took", "change"] if operators else [])]
    return [language.text(f"images.{name}") for name in names]


def record(entry: LedgerEntry, *, operators: bool) -> list[object]:
    """Return a row of the file; times in UTC."""
    address = redact_query(entry.source_url) if entry.source_url else None
    row: list[object] = [entry.at, entry.image_id, entry.product_name or entry.product_id, entry.bytes, address]
    return [*row, entry.outcome, entry.code, entry.version, entry.took_ms, entry.bytes_change] if operators else row
