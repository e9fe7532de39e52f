"""Alerts, and what opens them: occurrences of failed images and faults of the platform. Times are UTC, from the database.

An alert is one cause: a code at a source's host, or a fault of the platform. It opens with its first occurrence, and closes when it
has been quiet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from faust_app.core.failure import Dependency
from faust_app.core.failure_codes import FailureCode, Severity

QUIET: Final = timedelta(minutes=30)
"""An alert without an occurrence for this long is over."""
REPEATED_WITHIN: Final = timedelta(minutes=3)
"""A process repeats the report of a fault it has within this time; one that does not has died, and no longer has it."""
HOUR: Final = timedelta(hours=1)
SLOT: Final = timedelta(minutes=5)
"""Images are counted per alert, shop and clock slot; an hour is summed from its slots, so it may be one slot too long."""


class FaultKind(StrEnum):
    """A fault that a process of the platform detects by itself; `linger` is how long it must be over before its alert closes.

    A fault that returns within `linger` continues the same alert and is not reported again.
    """

    severity: Severity
    linger: timedelta

    def __new__(cls, value: str, severity: Severity, linger_seconds: int) -> Self:
        """Attach severity and linger to the string value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity = severity
        member.linger = timedelta(seconds=linger_seconds)
        return member

    DEPENDENCY_STORAGE = "dependency_storage", Severity.PLATFORM, 60
    DEPENDENCY_DATABASE = "dependency_database", Severity.PLATFORM, 60
    DEPENDENCY_KAFKA = "dependency_kafka", Severity.PLATFORM, 60
    EGRESS = "egress", Severity.PLATFORM, 60
    INTERNAL_ERROR_BREAKER = "internal_error_breaker", Severity.PLATFORM, 60
    WORKER_STALLED = "worker_stalled", Severity.PLATFORM, 60
    SHOP_INTERNAL_ERRORS = "shop_internal_errors", Severity.PLATFORM, 3600
    HOST_DOWN = "host_down", Severity.PLATFORM, 3600
    HOST_BLOCKS = "host_blocks", Severity.PLATFORM, 3600
    SHOP_HOST_DOWN = "shop_host_down", Severity.SHOP, 3600
    LOST = "lost", Severity.PLATFORM, 60
    LATE_JOBS = "late_jobs", Severity.PLATFORM, 60
    DATABASE_WENT_BACK = "database_went_back", Severity.PLATFORM, 60
    TOO_MUCH_GARBAGE = "too_much_garbage", Severity.PLATFORM, 60
    SUSPECTED_OURS = "suspected_ours", Severity.PLATFORM, 60
    STATISTICS_LATE = "statistics_late", Severity.PLATFORM, 60
    STATISTICS_CHANGED = "statistics_changed", Severity.PLATFORM, 60


OUTAGES: Final = {
    Dependency.STORAGE: FaultKind.DEPENDENCY_STORAGE,
    Dependency.DATABASE: FaultKind.DEPENDENCY_DATABASE,
    Dependency.KAFKA: FaultKind.DEPENDENCY_KAFKA,
    Dependency.EGRESS: FaultKind.EGRESS,
}
"""The fault that an outage of each dependency is."""


def fingerprint(code: FailureCode, host: str | None) -> str:
    """Return what failures of one cause have in common: the code and the source's host, unless the cause is ours."""
    return f"{code.value}@{host if host and code.severity is Severity.SHOP else '-'}"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One image that failed permanently, as its alert counts it; `detail` is one line without secrets.

    Without shop and image it is a record that belongs to no row.
    """

    fingerprint: str
    code: FailureCode
    host: str | None
    shop_no: int | None
    image_id: bytes | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlatformFault:
    """A fault as the process `worker` reports it; `detail` is one line without secrets, `waiting` the images it holds up there.

    `shop_no` is the shop whose fault it is, for one that is of a shop: its digest counts it. `subject` tells faults of one kind
    apart that can be there side by side, like the failure code of a suspicion.
    """

    kind: FaultKind
    worker: str
    detail: str = ""
    host: str | None = None
    waiting: int = 0
    shop_no: int | None = None
    subject: str | None = None

    @property
    def fingerprint(self) -> str:
        """The identity of the fault, equal in the reports of all processes; never equal to a failure code's."""
        of_subject = "" if self.subject is None else f":{self.subject}"
        of_shop = "" if self.shop_no is None else f"#{self.shop_no}"
        return f"{FAULT_PREFIX}{self.kind.value}{of_subject}@{self.host or '-'}{of_shop}"


FAULT_PREFIX: Final = "fault."
RECORD_PREFIX: Final = "record."


def of_record(code: FailureCode, detail: str) -> Occurrence:
    """Return the occurrence of a record that belongs to no row: counted by its code, whatever its sender."""
    return Occurrence(f"{RECORD_PREFIX}{code.value}@-", code, None, None, None, detail)


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of `alert`. `episode` counts its openings; counts and `told_*` are of this episode.

    `occurrences` counts failed images, or reports of a platform fault. `ended_at` is set once no process has the fault any more.
    `reported_count` is the count in the last message, 0 before the first. `woken_at` is when a message about it woke people,
    `taken_by` who works on it.
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
    reported_at: datetime | None = None
    reported_count: int = 0
    sample_shop: int | None = None
    sample_image: bytes | None = None
    woken_at: datetime | None = None
    taken_by: str | None = None
    taken_at: datetime | None = None

    @property
    def is_fault(self) -> bool:
        """Whether this is a fault of the platform, not a cause of failed images."""
        return self.fingerprint.startswith(FAULT_PREFIX)

    @property
    def subject(self) -> str | None:
        """What the fault is of where one kind can be several, like the failure code of a suspicion."""
        return (self.fingerprint.partition("@")[0].partition(":")[2] or None) if self.is_fault else None

    @property
    def is_of_records(self) -> bool:
        """Whether this counts records that belong to no row, not images."""
        return self.fingerprint.startswith(RECORD_PREFIX)


def fault_kind(alert: Alert) -> FaultKind | None:
    """Return the kind of a platform fault; None for failed images, and for a kind that only a newer release knows."""
    kinds = {kind.value: kind for kind in FaultKind}
    return kinds.get(alert.code) if alert.is_fault else None


def slot_of(at: datetime) -> datetime:
    """Return the start of the slot that a time falls into."""
    return at.replace(minute=at.minute - at.minute % (SLOT.seconds // 60), second=0, microsecond=0)
