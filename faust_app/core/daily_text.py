"""The daily check in words: for the messenger, and for who runs it by hand."""

from collections.abc import Iterable
from typing import Final

from faust_app.core.alert import Severity
from faust_app.core.alert_message import AlertMessage, Form
from faust_app.core.alert_text import Place, counted, cut, duration, zoned_time
from faust_app.core.daily_report import DailyReport, ShopOpen

_SAFE: Final = "Safe: every one of them is in its row, and what was shown stays shown."
_STATUS: Final = "`shop-images check --daily` tells it as it then stands; `shop-images status --shop N` counts one shop."


def daily_message(report: DailyReport, place: Place, *, all_well: bool) -> AlertMessage | None:
    """Write the message of a check; None when there is nothing to tell and nobody asked to hear that (`all_well`)."""
    if report.ok and not report.rescues and not all_well:
        return None
    severity = Severity.SHOP if report.ok else Severity.PLATFORM
    return AlertMessage(Form.DAILY, report.as_of, severity, f"[daily] {headline(report)}", cut("\n".join(daily_lines(report, place))))


def headline(report: DailyReport) -> str:
    """Return the report in one line."""
    if not report.ok:
        images = counted(report.images, "image")
        return f"{images} of {counted(report.shops, 'shop')} in progress for over a day: {_standings(report)}"
    if report.rescues:
        return f"{counted(report.rescues, 'lost event')} of {counted(report.rescued_shops, 'shop')} published again; nothing is left over"
    return "All well: no image is in progress for over a day, none was lost"


def daily_lines(report: DailyReport, place: Place) -> list[str]:
    """Return the report for people, in the order of every alert: what, how far, what is safe, why, what to do, what heals."""
    if report.ok and not report.rescues:
        return [f"What: all well at {zoned_time(report.as_of, place.zone)}; no image is in progress for over a day, none was lost."]
    if report.ok:
        return [f"What: {_rescued(report, place)}", "Safe: nothing is left over.", f"Likely cause: {_WHY_RESCUED}", "Do: nothing."]
    since = "" if report.oldest is None else f", the oldest since {zoned_time(report.oldest, place.zone)}, {_age(report)}"
    return [
        f"What: {counted(report.images, 'image')} in progress for over a day{since}.",
        f"Reaches: {counted(report.shops, 'shop')}; {_standings(report)}.",
        *(f"- shop {shop.shop_no}: {_of_shop(shop)}" for shop in report.top_shops),
        *_more(report.shops - len(report.top_shops)),
        f"Rescued: {_rescued(report, place)}",
        _SAFE,
        f"Likely cause: {' '.join(why for why, _ in _reasons(report))}",
        f"Do: {' '.join(step for _, step in _reasons(report))} {_STATUS}",
        "Heals by itself: what waits or is queued, once its cause is over; lost ones are published again within a minute.",
    ]


_WHY_RESCUED: Final = "workers died, or offsets or topics were changed."


def _reasons(report: DailyReport) -> Iterable[tuple[str, str]]:
    """Yield cause and step of each thing that is wrong, the gravest first."""
    if report.lost:
        yield "Lost ones stay so only while no worker rescues.", "See that workers run, and their logs for `rescue`."
    if report.overdue:
        yield f"{report.overdue:,} are past their time: nobody publishes what is due.", "See that worker or web run and reach Kafka."
    if report.waiting > report.overdue:
        yield "Sources that do not answer let images wait.", "`shop-images alerts` names them."
    if report.queued:
        yield "Workers are too few for the backlog, or do not get on.", "Start more workers, and see that they are ready (/ready)."


def _standings(report: DailyReport) -> str:
    waits = ", ".join(f"{reason} {count:,}" for reason, count in report.waits)
    waiting = f"waiting {report.waiting:,}{f' ({waits})' if waits else ''}"
    return f"lost {report.lost:,}, {waiting}, queued {report.queued:,}"


def _of_shop(shop: ShopOpen) -> str:
    parts = (("lost", shop.lost), ("waiting", shop.waiting), ("queued", shop.queued))
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
    return f"{counted(report.rescues, 'lost event')} published again since {since} ({most}{left})."


def _age(report: DailyReport) -> str:
    return "" if report.oldest is None else f"for {duration(report.as_of - report.oldest)}"
