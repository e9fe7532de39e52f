"""The text of the daily report, for the messenger and for the command line."""

from collections.abc import Iterable
from typing import Final

from faust_app.core.alerts.message import AlertMessage, Form
from faust_app.core.failure_codes import Severity
from faust_app.core.maintenance.daily_report import DailyReport, ShopOpen
from faust_app.core.text import Place, counted, cut, duration, zoned_time

_SAFE: Final = "Safe: every one of them has its row, and shown images stay shown."
_STATUS: Final = "`shop-images check --daily` reports the present state; `shop-images status --shop N` counts one shop."


def daily_message(report: DailyReport, place: Place, *, all_well: bool) -> AlertMessage | None:
    """Write the message of a check; None when there is nothing to report and `all_well` messages are not wanted."""
    if report.ok and not report.rescues and not all_well:
        return None
    severity = Severity.SHOP if report.ok else Severity.PLATFORM
    return AlertMessage(Form.DAILY, report.as_of, severity, f"[daily] {headline(report)}", cut("\n".join(daily_lines(report, place))))


def headline(report: DailyReport) -> str:
    """Return the report in one line."""
    if not report.ok:
        images = counted(report.images, "image")
        return f"{images} of {counted(report.shops, 'shop')} in progress for over a day: {_by_state(report)}"
    if report.rescues:
        return f"{counted(report.rescues, 'lost event')} of {counted(report.rescued_shops, 'shop')} republished; nothing needs attention"
    return "All well: no image has been in progress for over a day, none was lost"


def daily_lines(report: DailyReport, place: Place) -> list[str]:
    """Return the report in the order of every alert: what, impact, what is safe, likely cause, what to do, what heals."""
    if report.ok and not report.rescues:
        return [f"What: all well at {zoned_time(report.as_of, place.zone)}; no image has been in progress for over a day, none was lost."]
    if report.ok:
        return [f"What: {_rescued(report, place)}", "Safe: nothing needs attention.", f"Likely cause: {_WHY_RESCUED}", "Do: nothing."]
    since = "" if report.oldest is None else f", the oldest since {zoned_time(report.oldest, place.zone)}, {_age(report)}"
    return [
        f"What: {counted(report.images, 'image')} in progress for over a day{since}.",
        f"Impact: {counted(report.shops, 'shop')}; {_by_state(report)}.",
        *(f"- shop {shop.shop_no}: {_of_shop(shop)}" for shop in report.top_shops),
        *_more(report.shops - len(report.top_shops)),
        f"Rescued: {_rescued(report, place)}",
        _SAFE,
        f"Likely cause: {' '.join(why for why, _ in _reasons(report))}",
        f"Do: {' '.join(step for _, step in _reasons(report))} {_STATUS}",
        "Heals by itself: scheduled and queued images, once the cause is over; lost ones are republished within a minute.",
    ]


_WHY_RESCUED: Final = "workers died, or offsets or topics were changed."


def _reasons(report: DailyReport) -> Iterable[tuple[str, str]]:
    """Yield the cause and the step for each problem, most severe first."""
    if report.lost:
        yield "Images stay lost only while no worker runs the rescue.", "Check that workers run, and search their logs for `rescue`."
    if report.overdue:
        yield f"Overdue: {report.overdue:,}; no process publishes due images.", "Check that worker or web runs and reaches Kafka."
    if report.scheduled > report.overdue:
        yield "Images are scheduled for later because their sources do not answer.", "`shop-images alerts` names them."
    if report.queued:
        yield "The workers are too few for the backlog, or make no progress.", "Start more workers; check that they are ready (/ready)."


def _by_state(report: DailyReport) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in report.reasons)
    scheduled = f"scheduled {report.scheduled:,}{f' ({reasons})' if reasons else ''}"
    return f"lost {report.lost:,}, {scheduled}, queued {report.queued:,}"


def _of_shop(shop: ShopOpen) -> str:
    parts = (("lost", shop.lost), ("scheduled", shop.scheduled), ("queued", shop.queued))
    return f"{counted(shop.images, 'image')} ({', '.join(f'{word} {count:,}' for word, count in parts if count)})"


def _more(shops: int) -> list[str]:
    return [f"- and {counted(shops, 'more shop')}"] if shops > 0 else []


def _rescued(report: DailyReport, place: Place) -> str:
    since = zoned_time(report.since, place.zone)
    if not report.rescues:
        return f"nothing since {since}."
    most = ", ".join(f"shop {shop_no} {count:,}" for shop_no, count in report.top_rescued)
    more = report.rescued_shops - len(report.top_rescued)
    left = f" and {counted(more, 'more shop')}" if more > 0 else ""
    return f"{counted(report.rescues, 'lost event')} republished since {since} ({most}{left})."


def _age(report: DailyReport) -> str:
    return "" if report.oldest is None else f"for {duration(report.as_of - report.oldest)}"
