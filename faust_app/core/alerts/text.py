"""The text of an alert for an operator on call: always in the same order, with the next step in it.

What is wrong since when, its impact, what is safe, the likely cause, what to do, whether it heals by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final
from urllib.parse import quote

from faust_app.core.alerts.advice import Advice, advise
from faust_app.core.alerts.alert import Alert, fault_kind
from faust_app.core.alerts.decide import Chosen, Due, due_at
from faust_app.core.alerts.message import AlertMessage, Cause, Form
from faust_app.core.alerts.notices import Notice
from faust_app.core.alerts.recovery import BACK, Backlog, back_text
from faust_app.core.alerts.urgency import Urgency
from faust_app.core.failure_codes import Severity
from faust_app.core.foreign import one_line
from faust_app.core.text import MAX_TEXT, Place, counted, cut, duration, zoned_time

MAX_CAUSES: Final = 10
_DETAIL: Final = 200
_ROOM_FOR_REST: Final = 200
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact of an alert: how many shops it hit, those with most images, and how many images failed of late.

    `recent` are the last ten minutes, `before` the ten before. `workers` have the fault now, `waiting` images are held up by it.
    `backlog` is what a fault that is over left to do.
    """

    shops: int = 0
    top_shops: tuple[tuple[int, int], ...] = ()
    recent: int = 0
    before: int = 0
    workers: tuple[str, ...] = ()
    waiting: int = 0
    backlog: Backlog | None = None


NOWHERE: Final = Impact()


def compose(chosen: Chosen, impact: Mapping[str, Impact], place: Place, now: datetime) -> AlertMessage:
    """Write the message of the chosen notices; `impact` is by fingerprint."""
    causes = tuple(_cause(due, impact.get(due.alert.fingerprint, NOWHERE)) for due in chosen.due)
    severity = Severity.PLATFORM if any(due.alert.severity is Severity.PLATFORM for due in chosen.due) else Severity.SHOP
    if chosen.form is Form.ALERT:
        due = chosen.due[0]
        title, text = title_of(due), alert_text(due, impact.get(due.alert.fingerprint, NOWHERE), place, now)
    else:
        title, text = _group_title(chosen), _group_text(chosen, impact, place, now)
    urgency = Urgency.WAKE if any(due.urgency is Urgency.WAKE for due in chosen.due) else Urgency.TELL
    return AlertMessage(chosen.form, now, severity, title, cut(text), causes[:100], urgency)


def title_of(due: Due) -> str:
    """Return the headline of one notice."""
    alert = due.alert
    what = advise(alert).what + _place_of(alert)
    match due.notice:
        case Notice.OPENED:
            return f"{_flag(due)} {what}"
        case Notice.GREW:
            return f"{_flag(due)} {what}: now {_amount(alert)}"
        case Notice.LASTS:
            return f"{_flag(due)} {what}: it lasts"
        case Notice.CLOSED:
            kind = fault_kind(alert)
            return f"[back] {BACK[kind]}{_place_of(alert)}" if kind in BACK else f"[over] {what}"
        case Notice.WAS_OPEN:
            return f"[over] {what}"


def alert_text(due: Due, impact: Impact, place: Place, now: datetime) -> str:
    """Return the full text of one notice."""
    alert, advice = due.alert, advise(due.alert)
    over = due.notice in {Notice.CLOSED, Notice.WAS_OPEN}
    lines = [
        f"What: {_what(alert, advice)}, {_since(alert, place.zone, now, over=over)}.",
        f"Impact: {_impact_text(alert, impact)}.",
        f"Safe: {advice.safe}",
        f"Likely cause: {advice.cause}",
        f"Do: {_step(alert, advice, impact, place, over=over)}",
        f"Heals by itself: {'it is over.' if over and alert.is_fault else advice.heals}",
    ]
    if impact.backlog is not None:
        lines.append(f"Backlog: {back_text(impact.backlog, place)}")
    return "\n".join(lines)


def _flag(due: Due) -> str:
    return f"[{due.alert.severity.value}, wake]" if due.urgency is Urgency.WAKE else f"[{due.alert.severity.value}]"


def _amount(alert: Alert) -> str:
    return counted(alert.occurrences, "report" if alert.is_fault else _noun(alert))


def _noun(alert: Alert) -> str:
    return "record" if alert.is_of_records else "image"


def _what(alert: Alert, advice: Advice) -> str:
    detail = one_line(alert.detail, _DETAIL).removesuffix(".")
    return f"{advice.what}{_place_of(alert)}" + (f" ({detail})" if detail else "")


def _place_of(alert: Alert) -> str:
    subject = f": {alert.subject.replace('_', ' ')}" if alert.subject else ""
    return subject + (f" at {alert.host}" if alert.host else "")


def _since(alert: Alert, zone: tzinfo, now: datetime, *, over: bool) -> str:
    since = f"since {zoned_time(alert.opened_at, zone)}"
    if not over:
        return f"{since}, for {duration(now - alert.opened_at)}"
    end = alert.ended_at or alert.last_at
    return f"{since} until {zoned_time(end, zone)}, {duration(end - alert.opened_at)}"


def _impact_text(alert: Alert, impact: Impact) -> str:
    parts = []
    if impact.workers:
        more = f" and {len(impact.workers) - _NAMED} more" if len(impact.workers) > _NAMED else ""
        parts.append(f"{counted(len(impact.workers), 'process', 'es')} ({', '.join(impact.workers[:_NAMED])}{more})")
    if impact.waiting:
        parts.append(f"{counted(impact.waiting, 'image')} waiting")
    if alert.is_of_records:
        parts.append(_amount(alert))
    elif not alert.is_fault:
        parts += [f"{counted(alert.occurrences, 'image')} of {counted(impact.shops, 'shop')}{_most(impact)}", _growth(impact)]
    return "; ".join(parts) or counted(alert.occurrences, "report")


def _most(impact: Impact) -> str:
    if not impact.top_shops:
        return ""
    if impact.shops == 1:
        return f" (shop {impact.top_shops[0][0]})"
    return " (most: " + ", ".join(f"shop {shop_no} with {images:,}" for shop_no, images in impact.top_shops) + ")"


def _growth(impact: Impact) -> str:
    return f"{impact.recent:,} in the last 10 minutes, {impact.before:,} in the 10 before"


def _step(alert: Alert, advice: Advice, impact: Impact, place: Place, *, over: bool) -> str:
    if alert.is_fault:
        ready = f"{place.web_url}/ready" if place.web_url else "/ready of the processes named above"
        return "nothing." if over else advice.step.replace("{ready}", ready)
    if alert.is_of_records:
        return advice.step
    shop_no = alert.sample_shop if not impact.top_shops else impact.top_shops[0][0]
    return f"{advice.step} Count them: `shop-images status --shop {shop_no}`.{_example(alert, place)}"


def _example(alert: Alert, place: Place) -> str:
    if alert.sample_shop is None or alert.sample_image is None:
        return ""
    path = f"/v1/shops/{alert.sample_shop}/images/{quote(alert.sample_image, safe='')}"
    return f" An example with its timeline: GET {place.web_url or ''}{path}"


def _group_title(chosen: Chosen) -> str:
    if chosen.form is Form.MORE:
        return f"[many] and {counted(len(chosen.due), 'more cause')}: this hour's message limit is reached"
    return f"[several] {counted(len(chosen.due), 'cause')} at once, first: {title_of(chosen.due[0])}"


def _group_text(chosen: Chosen, impact: Mapping[str, Impact], place: Place, now: datetime) -> str:
    """Return a line per cause, as many as fit, and the number of those left out."""
    lines: list[str] = []
    for due in chosen.due[:MAX_CAUSES]:
        line = _brief(due, impact.get(due.alert.fingerprint, NOWHERE), place, now)
        if sum(map(len, lines)) + len(line) > MAX_TEXT - _ROOM_FOR_REST:
            break
        lines.append(line)
    left = len(chosen.due) - len(lines)
    return "\n".join([*lines, f"and {counted(left, 'more cause')}: `shop-images alerts` lists them all"] if left else lines)


def _brief(due: Due, impact: Impact, place: Place, now: datetime) -> str:
    over = due.notice in {Notice.CLOSED, Notice.WAS_OPEN}
    head = f"- {title_of(due)}, {_since(due.alert, place.zone, now, over=over)}; {_impact_text(due.alert, impact)}."
    return head if over else f"{head} Do: {advise(due.alert).step.replace('{ready}', '/ready')}"


def _cause(due: Due, impact: Impact) -> Cause:
    alert = due.alert
    images = impact.waiting if alert.is_fault else alert.occurrences
    return Cause(
        due.notice.value, alert.fingerprint, alert.code, alert.host, alert.severity.value, alert.opened_at, images, impact.shops,
        due.urgency,
    )  # fmt: skip


def line_of(alert: Alert, place: Place, now: datetime) -> str:
    """Format an open alert as one line of a list."""
    taken = f"; taken by {alert.taken_by} since {zoned_time(alert.taken_at, place.zone)}" if alert.taken_at is not None else ""
    return f"{title_of(due_at(alert, Notice.OPENED, now))}: {_amount(alert)}, {_since(alert, place.zone, now, over=False)}{taken}"
