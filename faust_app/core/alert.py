"""What a person has to hear of, and when: causes of failure counted as alerts, decided as functions of row and time.

An alert is one cause: a code at a source's host, or a fault of the platform. It opens with its first occurrence, is told
again when it has grown tenfold, and is closed when it has been quiet. Times are UTC without a zone, from the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from faust_app.core.failure import FailureCode

QUIET: Final = timedelta(minutes=30)
"""Without an occurrence for so long an alert is over."""
REPEATED_WITHIN: Final = timedelta(minutes=3)
"""A process that has a fault says so again within this; one that does not has died, and no longer has it."""
HOUR: Final = timedelta(hours=1)
SLOT: Final = timedelta(minutes=5)
"""Images are counted per alert, shop and slot of the clock; an hour is told from its slots, up to one slot too long."""

SHOP_IMAGES: Final = 50
"""A shop that lost so many images to one cause within an hour is told at once."""
SHOP_SHARE: Final = 0.05
"""So is one that lost this share of its images, from SHOP_SHARE_FLOOR images on: below it, shares of small shops are noise."""
SHOP_SHARE_FLOOR: Final = 10
SHOP_SIZE_MATTERS: Final = round(SHOP_IMAGES / SHOP_SHARE)
"""A shop of so many images reaches SHOP_IMAGES before SHOP_SHARE: nobody has to count it any further."""


class Severity(StrEnum):
    """Who has to act, and how soon."""

    PLATFORM = "platform"  #: the operator, at once
    SHOP = "shop"  #: the shop, told in the daily digest unless it is hit hard


class FaultKind(StrEnum):
    """A fault that a process of the platform notices by itself; `linger` is how long it stays over before it is closed.

    A fault that returns while it lingers is the same alert and is not told again.
    """

    severity: Severity
    linger: timedelta

    def __new__(cls, value: str, severity: Severity, linger_seconds: int) -> Self:
        """Attach severity and patience to the string value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity = severity
        member.linger = timedelta(seconds=linger_seconds)
        return member

    DEPENDENCY_STORAGE = "dependency_storage", Severity.PLATFORM, 60
    DEPENDENCY_DATABASE = "dependency_database", Severity.PLATFORM, 60
    DEPENDENCY_KAFKA = "dependency_kafka", Severity.PLATFORM, 60
    EGRESS = "egress", Severity.PLATFORM, 60
    BUG_BRAKE = "bug_brake", Severity.PLATFORM, 60
    WORKER_STALLED = "worker_stalled", Severity.PLATFORM, 60
    SHOP_BUG = "shop_bug", Severity.PLATFORM, 3600
    HOST_DOWN = "host_down", Severity.PLATFORM, 3600
    HOST_BLOCKS = "host_blocks", Severity.PLATFORM, 3600
    SHOP_HOST_DOWN = "shop_host_down", Severity.SHOP, 3600
    LOST = "lost", Severity.PLATFORM, 60
    LATE_JOBS = "late_jobs", Severity.PLATFORM, 60
    DATABASE_WENT_BACK = "database_went_back", Severity.PLATFORM, 60
    TOO_MUCH_GARBAGE = "too_much_garbage", Severity.PLATFORM, 60


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One image that failed for good, as its alert counts it; `detail` is one line without secrets.

    Without shop and image it is a record that no row stands behind.
    """

    fingerprint: str
    code: str
    host: str | None
    shop_no: int | None
    image_id: bytes | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlatformFault:
    """A fault as the process `worker` sees it; `detail` is one line without secrets, `waiting` the images held up here."""

    kind: FaultKind
    worker: str
    detail: str = ""
    host: str | None = None
    waiting: int = 0

    @property
    def fingerprint(self) -> str:
        """What reports of the same fault from other processes have in common; never that of a failure code."""
        return f"{FAULT_PREFIX}{self.kind.value}@{self.host or '-'}"


FAULT_PREFIX: Final = "fault."
RECORD_PREFIX: Final = "record."


def of_record(code: FailureCode, detail: str) -> Occurrence:
    """Return how a record that no row stands behind is counted: by its code, whoever sent it."""
    return Occurrence(f"{RECORD_PREFIX}{code.value}@-", code.value, None, None, None, detail)


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of `alert`. `episode` counts its openings; counts and `told_*` are of this episode.

    `occurrences` are failed images, or reports of a platform fault. `ended_at` is set while no process has the fault any
    more. `told_count` is the count of the last message, 0 while nothing was told.
    """

    fingerprint: str
    code: str
    host: str | None
    severity: Severity
    episode: int
    opened_at: datetime
    last_at: datetime
    occurrences: int
    detail: str = ""
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    told_at: datetime | None = None
    told_count: int = 0
    sample_shop: int | None = None
    sample_image: bytes | None = None

    @property
    def is_fault(self) -> bool:
        """Tell a platform fault from failed images."""
        return self.fingerprint.startswith(FAULT_PREFIX)

    @property
    def is_of_records(self) -> bool:
        """Tell records that no row stands behind from images."""
        return self.fingerprint.startswith(RECORD_PREFIX)


@dataclass(frozen=True, slots=True)
class ShopHour:
    """What one shop lost to an alert within the hour; `shop_images` counts the shop no further than SHOP_SIZE_MATTERS."""

    shop_no: int
    failed: int
    shop_images: int


class Word(StrEnum):
    """What there is to say of an alert."""

    OPENED = "opened"
    GREW = "grew"
    CLOSED = "closed"
    WAS_OPEN = "was_open"  #: it opened and closed before anything could be told


def severity_of(code: str) -> Severity:
    """Return whose fault a failure code is: the platform's, or the shop's image or source."""
    return Severity.PLATFORM if code in _PLATFORM_CODES else Severity.SHOP


_PLATFORM_CODES: Final = frozenset(
    {
        FailureCode.INTERNAL_ERROR.value,
        FailureCode.STORAGE_UNAVAILABLE.value,
        FailureCode.DATABASE_UNAVAILABLE.value,
        FailureCode.KAFKA_UNAVAILABLE.value,
        FailureCode.UNKNOWN_VERSION.value,
        FailureCode.UNPARSEABLE.value,
        FailureCode.LOST_REPEATEDLY.value,
        FailureCode.UNSTORABLE_RESULT.value,
        FailureCode.EGRESS_UNAVAILABLE.value,
    }
)


def fault_kind(alert: Alert) -> FaultKind | None:
    """Return the kind of a platform fault; None for failed images, and for a kind that only a newer release knows."""
    kinds = {kind.value: kind for kind in FaultKind}
    return kinds.get(alert.code) if alert.is_fault else None


def slot_of(at: datetime) -> datetime:
    """Return the start of the slot a time falls into."""
    return at.replace(minute=at.minute - at.minute % (SLOT.seconds // 60), second=0, microsecond=0)


def hits_shop_hard(hour: ShopHour) -> bool:
    """Tell whether a shop's fault cannot wait for the digest."""
    if hour.failed >= SHOP_IMAGES:
        return True
    return hour.failed >= SHOP_SHARE_FLOOR and hour.failed >= SHOP_SHARE * hour.shop_images


def is_over(alert: Alert, now: datetime) -> bool:
    """Tell whether an open alert can be closed: reported as over for its time, or quiet.

    A fault whose process died without a word is over when it is quiet, since a living one repeats its report.
    """
    if alert.ended_at is not None:
        kind = fault_kind(alert)
        return now - alert.ended_at >= (kind.linger if kind is not None else timedelta(minutes=1))
    return now - alert.last_at >= QUIET


def word_for(alert: Alert, hours: Sequence[ShopHour], now: datetime) -> Word | None:
    """Return what is to be said of an open alert now; None while it is nothing new, or belongs into the digest."""
    told = alert.told_count > 0
    if is_over(alert, now):
        if told:
            return Word.CLOSED
        return Word.WAS_OPEN if alert.severity is Severity.PLATFORM else None
    if not told:
        at_once = alert.severity is Severity.PLATFORM or any(map(hits_shop_hard, hours))
        return Word.OPENED if at_once else None
    return Word.GREW if magnitude(alert.occurrences) > magnitude(alert.told_count) else None


def magnitude(count: int) -> int:
    """Return the power of ten a count has reached: 0 below 10, 1 from 10 on, 2 from 100 on."""
    return len(str(count)) - 1
