"""`/stalled`: which images are unfinished and need attention, as JSON for machines and as a page for people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from aiohttp import web

from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.events import MAX_NUMBER
from faust_app.core.monitoring.unfinished import MAX_LISTED, Kind, StalledReport, is_overdue, scheduled_groups
from faust_app.core.operators.access import Sender, shops_text
from faust_app.flows.monitoring.unfinished import WatchStalled, counts_by_kind, oldest_open_seconds
from faust_app.web.api.images import error_of, position_of, scheduled_json, time_text
from faust_app.web.auth.rules import foreign_shop
from faust_app.web.auth.tokens import sender_of
from faust_app.web.contract.answers.monitoring import UnfinishedAnswer
from faust_app.web.contract.bodies import invalid
from faust_app.web.contract.operation import Answered, Operation, Parameter, described, read_nothing
from faust_app.web.pages.lag import not_yet
from faust_app.web.pages.render import Pages, PlainPages, json_answer, path_of
from faust_app.web.problems import Problem, unavailable, wants_page

DEFAULT_LIMIT: Final = 100
_SHOP_DIGITS: Final = 16
_LIMIT_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants to see."""

    shop_no: int | None = None
    limit: int = DEFAULT_LIMIT
    kind: Kind = Kind.STALLED


_QUERY: Final = (
    Parameter("shop", read_nothing, {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER}, "Images of this shop only."),
    Parameter("limit", read_nothing, {"type": "integer", "minimum": 0, "maximum": MAX_LISTED}, "Most images listed."),
    Parameter("status", read_nothing, {"type": "string", "enum": list(Kind)}, "The kind of images listed."),
)


class StalledPage:
    """Serves the last sample; for one shop it takes a sample at each request.

    `images_at` is the address before the path of an image's page; None where the web process has no public address. `pauses`
    returns why images of a shop wait that is paused.
    """

    def __init__(
        self, stalled: WatchStalled, *, pauses: Callable[[int], Sequence[str]], images_at: str | None, pages: Pages | None = None
    ) -> None:
        self._stalled = stalled
        self._pauses = pauses
        self._pages = pages or PlainPages()
        self._images_at = images_at

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get("/stalled", self.get)

    @described(Operation({200: Answered("As JSON, or as a page for browsers.", UnfinishedAnswer)}, query=_QUERY, problems=(404,)))
    async def get(self, request: web.Request) -> web.Response:
        """Answer with the requested rows; a browser gets every problem as a page. Raises Problem and Unavailable."""
        if not wants_page(request):
            asked = narrowed(asked_of(request), sender_of(request))
            report, age = await self._report(asked)
            return json_answer(stalled_json(report, asked, age, self._held_by))
        try:
            asked = narrowed(asked_of(request), sender_of(request))
            report, age = await self._report(asked)
        except Problem as problem:
            return self._pages.problem(request, problem)
        except Unavailable as failure:
            return self._pages.problem(request, unavailable(failure))
        return self._pages.page(
            request, "stalled.html", report=report, asked=asked, age=age, kinds=Kind, link=self._link, here="stalled",
            held_by=self._held_by(report.shop_no), **_for_people(report, asked), pauses=self._pauses,
        )  # fmt: skip

    async def _report(self, asked: Asked) -> tuple[StalledReport, float]:
        report = self._stalled.report
        if report is None:
            raise not_yet("unfinished images", "the database or Kafka")
        if asked.shop_no is None:
            return report, self._stalled.age
        of_shop = await self._stalled.of_shop(asked.shop_no)
        if of_shop is None:
            raise Problem(
                404,
                f"no request of shop {asked.shop_no} was ever accepted; check the number, or leave `shop` out to see all",
                errors=[("shop", "is not known")],
            )
        return of_shop, 0.0

    def _held_by(self, shop_no: int | None) -> Sequence[str]:
        """Return what holds up images of the shop; of all shops, what holds up the installation."""
        pauses = [] if shop_no is None else self._pauses(shop_no)
        return [*pauses, *self._stalled.held_by()]

    def _link(self, row: ImageRow) -> str | None:
        return None if self._images_at is None else self._images_at + path_of(row.shop_no, row.image_id)


def asked_of(request: web.Request) -> Asked:
    """Read the query; a parameter without a value is not given. Raises Problem that names every wrong parameter."""
    given = {name: values for name in request.query if (values := [text for text in request.query.getall(name) if text])}
    errors = [(name[:64], "is not a parameter of this page: shop, limit, status") for name in given if name not in _READERS]
    errors += [(name, "is given more than once") for name, values in given.items() if name in _READERS and len(values) > 1]
    read: dict[str, Any] = {}
    for name, (field, reader, reason) in _READERS.items():
        if name in given:
            read[field] = reader(given[name][0])
            if read[field] is None:
                errors.append((name, reason))
    if errors:
        raise invalid(errors)
    return Asked(**read)


def narrowed(asked: Asked, sender: Sender) -> Asked:
    """Return what the sender may see of it: whoever is limited to one shop gets that one. Raises Problem for others."""
    if sender.shops is None:
        return asked
    if asked.shop_no is not None:
        if not sender.reaches(asked.shop_no):
            raise foreign_shop(sender)
        return asked
    if len(sender.shops) != 1:
        reason = f"is required: one of {shops_text(sender.shops)}"[:300]
        raise Problem(403, f"{sender.name} is limited to some shops; shop: {reason}", errors=[("shop", reason)])
    return replace(asked, shop_no=next(iter(sender.shops)))


def _shop(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= _SHOP_DIGITS else 0
    return number if 1 <= number <= MAX_NUMBER else None


def _limit(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= _LIMIT_DIGITS else -1
    return number if 0 <= number <= MAX_LISTED else None


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in set(Kind) else None


_READERS: Final = {
    "shop": ("shop_no", _shop, "must be a shop's number, from 1 to 2^53-1"),
    "limit": ("limit", _limit, f"must be a number from 0 to {MAX_LISTED}"),
    "status": ("kind", _kind, f"must be one of {', '.join(Kind)}"),
}


def stalled_json(report: StalledReport, asked: Asked, age: float, held_by: Callable[[int | None], Sequence[str]]) -> dict[str, object]:
    """Return the report as a JSON object. Times in UTC, spans in seconds; `count` is of stalled images: old or lost.

    `held_by` returns what holds up images of a shop, for None what holds up the installation.
    """
    counts = report.counts
    return {
        "as_of": time_text(report.as_of),
        "age_s": round(age, 3),
        "shop_no": report.shop_no,
        "stalled_after_s": report.stalled_after.total_seconds(),
        "count": counts.stalled,
        "lost": counts.lost,
        "scheduled": counts.scheduled,
        "overdue": counts.overdue,
        "queued": counts.queued,
        "failed": counts.failed,
        "oldest_open_s": round(oldest_open_seconds(report), 3) if counts.oldest_open else None,
        "held_by": list(held_by(report.shop_no)),
        **_waits(report),
        "items": [_item(report, row, held_by(row.shop_no)) for row in report.listed(asked.kind, asked.limit)],
    }


def _waits(report: StalledReport) -> dict[str, object]:
    """Return what the images of one shop wait for, and at which hosts; of all shops that would be no list to read."""
    if report.shop_no is None:
        return {}
    return {
        "scheduled_for": [
            {"host": wait.host, "why": wait.why, "images": wait.images, "next_at": time_text(wait.next_at)}
            for wait in scheduled_groups(report.rows.get(Kind.SCHEDULED, ()))
        ]
    }


def _item(report: StalledReport, row: ImageRow, held_by: Sequence[str]) -> dict[str, object]:
    return {
        "shop_no": row.shop_no,
        "image_id": row.image_id.decode(),
        "version": row.version,
        "status": report.status(row),
        "overdue": is_overdue(row, report.as_of),
        "open_since": time_text(row.open_since),
        "open_s": round((report.as_of - row.open_since).total_seconds(), 3) if row.open_since else None,
        "attempt": row.attempt,
        "rescues": row.rescues,
        "scheduled": scheduled_json(row, held_by),
        "position": position_of(row),
        "error": error_of(row),
    }


def _for_people(report: StalledReport, asked: Asked) -> dict[str, Any]:
    rows = report.listed(asked.kind, asked.limit)
    return {
        "counts": counts_by_kind(report.counts),
        "oldest": oldest_open_seconds(report) if report.counts.oldest_open else None,
        "rows": rows,
        "errors": [error_of(row) for row in rows],
        "waits": [scheduled_json(row, ()) for row in rows],
        "scheduled_for": scheduled_groups(report.rows.get(Kind.SCHEDULED, ())) if report.shop_no is not None else [],
        "overdue": [is_overdue(row, report.as_of) for row in rows],
    }
