"""What a failure means for its image: a retry and when, a final failure, or no outcome at all.

Delays count from the moment the outcome is written, by the database's clock. Backoff and jitter are separate, so that each
can be tested alone.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from faust_app.core.failure import Failure, Permanent, Transient, Unavailable
from faust_app.core.failure_codes import FailureClass
from faust_app.core.images.outcome import Failed, Retry
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.events import MAX_RETRIES
from faust_app.core.retry_after import MAX_RETRY_AFTER

JITTER: Final = (0.75, 1.25)
"""Bounds of the factor that spreads retries of one cause; the caller draws it uniformly."""
SECOND_LOOK: Final = 60.0
"""Seconds until a missing or forbidden image is fetched once more: a shop's CDN may lag behind the shop."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before the first, second and third retry."""

    delays: tuple[float, float, float] = (10.0, 60.0, 300.0)

    def before(self, attempt: int) -> float:
        """Return the seconds to wait before retry number `attempt`, 1 to MAX_RETRIES, without jitter."""
        return self.delays[attempt - 1]


def decide_retry(row: ImageRow, failure: Failure, backoff: Backoff, *, jitter: float) -> Retry | Failed | Unavailable:
    """Decide what a failure means for the row's image; `jitter` is a factor within JITTER.

    Unavailable is returned as it is: it is no outcome, and no attempt is spent. A permanent failure is final, except that a
    source that answers 404 or 403 is asked once more. A transient one is retried up to MAX_RETRIES times.
    """
    match failure:
        case Unavailable():
            return failure
        case Transient():
            if row.attempt >= MAX_RETRIES:
                return _final(row, failure)
            asked = min(failure.retry_after or 0.0, MAX_RETRY_AFTER)
            return _again(row, failure, max(backoff.before(row.attempt + 1) * jitter, asked))
        case Permanent():
            repeated = (row.attempt > 0 and row.error_code == failure.code) or row.attempt >= MAX_RETRIES
            if failure.code.kind is not FailureClass.CONFIRMED or repeated:
                return _final(row, failure)
            return _again(row, failure, SECOND_LOOK * jitter)
        case _:
            raise AssertionError(f"{type(failure).__name__} is none of the three classes")


def _again(row: ImageRow, failure: Failure, seconds: float) -> Retry:
    return Retry(row, failure.code, failure.detail, timedelta(seconds=seconds), failure.host)


def _final(row: ImageRow, failure: Failure) -> Failed:
    return Failed(row, failure.code, failure.detail, failure.host)
