"""A cause of failed images, and its life: open, resolved in a release, ignored for some time, came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.causes.suspicion import PLATFORM_LOOKS
from faust_app.core.failure_codes import FailureCode, known_code

MAX_NOTE: Final = 1000
LONGEST_IGNORED: Final = timedelta(days=90)
CURVE_HOURS: Final = 24


class CauseStatus(StrEnum):
    """Where a cause stands; derived from what people decided and from its newest failure."""

    OPEN = "open"
    RESOLVED = "resolved"  #: no image failed by it since
    CAME_BACK = "came_back"  #: it was resolved, and an image failed by it since
    IGNORED = "ignored"  #: until a time


@dataclass(frozen=True, slots=True)
class Mark:
    """What people decided about a cause. Times are UTC without a zone.

    `resolved_in` is the release that mends it, `resolved_from` the one that its newest failure came from then.
    """

    resolved_at: datetime | None = None
    resolved_in: str | None = None
    resolved_from: str | None = None
    ignored_until: datetime | None = None
    note: str | None = None
    note_by: str | None = None
    note_at: datetime | None = None
    is_ours: bool = False


UNMARKED: Final = Mark()


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: failed images now, and how many shops they are of.

    `first_at` and `last_at` are its oldest failure since its alert opened and its newest one, `judged_by` the release of the newest.
    """

    fingerprint: str
    images: int
    shops: int
    first_at: datetime | None = None
    last_at: datetime | None = None
    judged_by: str | None = None
    sample: tuple[int, bytes] | None = None
    mark: Mark = UNMARKED

    @property
    def code(self) -> str:
        """The failure code."""
        return self.fingerprint.partition("@")[0]

    @property
    def host(self) -> str | None:
        """The source's host; None for a cause that is ours."""
        host = self.fingerprint.partition("@")[2]
        return None if host in {"", "-"} else host

    @property
    def known_code(self) -> FailureCode | None:
        """The code's row, None for a code of another release."""
        return known_code(self.code)


def status_of(cause: Cause, now: datetime) -> CauseStatus:
    """Return where the cause stands at `now`.

    While the release that failed before is still running, its failures do not bring a cause back that another one resolves.
    """
    mark = cause.mark
    if mark.ignored_until is not None and now < mark.ignored_until:
        return CauseStatus.IGNORED
    if mark.resolved_at is None:
        return CauseStatus.OPEN
    if cause.last_at is None or cause.last_at <= mark.resolved_at:
        return CauseStatus.RESOLVED
    of_old_release = mark.resolved_in is not None and cause.judged_by is not None and cause.judged_by == mark.resolved_from
    return CauseStatus.RESOLVED if of_old_release and mark.resolved_in != mark.resolved_from else CauseStatus.CAME_BACK


@dataclass(frozen=True, slots=True)
class ShopShare:
    """Failed images of one shop by a cause, and who asked the shop to act, when."""

    shop_no: int
    images: int
    asked_by: str | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CauseDetails:
    """A cause with the shops it hits most, failures by hour of the last day (oldest first), and some of its images."""

    cause: Cause
    shops: Sequence[ShopShare]
    curve: Sequence[int]
    examples: Sequence[tuple[int, bytes]]


def letter_to_shop(cause: Cause, images: int, *, is_ours: bool = False) -> str:
    """Return the text that asks a shop to act: what is wrong, how many images, and what to do.

    While the failures are ours, or suspected to be, it asks for nothing.
    """
    code = cause.known_code
    where = f" from {cause.host}" if cause.host else ""
    one = images == 1
    if is_ours:
        return f"{'One' if one else f'{images:,}'} of your product images could not be stored{where} ({cause.code}).\n{PLATFORM_LOOKS}"
    says = code.sentence if code is not None else "Please check the address and the file."
    return (
        f"{'One' if one else f'{images:,}'} of your product images could not be fetched{where} ({cause.code}).\n{says}\n"
        f"Please correct {'it' if one else 'them'} and send {'it' if one else 'them'} again."
    )
