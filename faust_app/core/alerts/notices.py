"""When people hear of an alert: pure decisions from its row, the shops it hit, and the time.

An alert is reported when it opened, again when it has grown tenfold or lasts too long, and when it is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.alerts.alert import QUIET, Alert, fault_kind
from faust_app.core.alerts.urgency import Urgency, lasted, rule_of, urgency_of
from faust_app.core.failure_codes import Severity

SHOP_IMAGES: Final = 50
"""This many failures of one shop by one cause within an hour are reported at once."""
SHOP_SHARE: Final = 0.05
"""So is this share of a shop's images, from SHOP_SHARE_FLOOR failures on: below that, shares of small shops are noise."""
SHOP_SHARE_FLOOR: Final = 10
SHOP_SIZE_MATTERS: Final = round(SHOP_IMAGES / SHOP_SHARE)
"""A shop of this many images reaches SHOP_IMAGES before SHOP_SHARE, so its images need not be counted further."""


@dataclass(frozen=True, slots=True)
class ShopHour:
    """One shop's failures by an alert's cause within the hour; `shop_images` counts its images up to SHOP_SIZE_MATTERS."""

    shop_no: int
    failed: int
    shop_images: int


class Notice(StrEnum):
    """The notice to send about an alert."""

    OPENED = "opened"
    GREW = "grew"
    LASTS = "lasts"  #: it was told, and wakes people now: it did not heal by itself
    CLOSED = "closed"
    WAS_OPEN = "was_open"  #: it opened and closed before it could be reported


def hits_shop_hard(hour: ShopHour) -> bool:
    """Return whether a shop has too many failures to wait for the digest."""
    if hour.failed >= SHOP_IMAGES:
        return True
    return hour.failed >= SHOP_SHARE_FLOOR and hour.failed >= SHOP_SHARE * hour.shop_images


def is_over(alert: Alert, now: datetime) -> bool:
    """Return whether an open alert can be closed: ended for its linger time, or quiet.

    The fault of a process that died is over once it is quiet, since a live process repeats its report.
    """
    if alert.ended_at is not None:
        kind = fault_kind(alert)
        return now - alert.ended_at >= (kind.linger if kind is not None else timedelta(minutes=1))
    return now - alert.last_at >= QUIET


def notice_for(alert: Alert, hours: Sequence[ShopHour], now: datetime) -> Notice | None:
    """Return the notice that is due for an open alert; None when nothing is new, or it belongs in the digest.

    Of an alert that somebody has taken only the end is told.
    """
    reported = alert.reported_count > 0
    if is_over(alert, now):
        if reported:
            return Notice.CLOSED
        return Notice.WAS_OPEN if alert.severity is Severity.PLATFORM else None
    if alert.taken_at is not None or alert.ended_at is not None:
        return None
    if not reported:
        return Notice.OPENED if _is_due(alert, hours, now) else None
    if alert.woken_at is None and urgency_of(alert, now) is Urgency.WAKE:
        return Notice.LASTS
    return Notice.GREW if magnitude(alert.occurrences) > magnitude(alert.reported_count) else None


def _is_due(alert: Alert, hours: Sequence[ShopHour], now: datetime) -> bool:
    if alert.severity is Severity.SHOP:
        return any(map(hits_shop_hard, hours))
    return lasted(alert, now) >= rule_of(alert).told_after


def magnitude(count: int) -> int:
    """Return the power of ten that a count has reached: 0 below 10, 1 from 10 on, 2 from 100 on."""
    return len(str(count)) - 1
