"""Daily jobs: when one is due, and what is kept of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from faust_app.core.alerts.message import AlertMessage


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run of a job; `finished` is UTC, `result` is what the run stored (JSON)."""

    day: date
    finished: datetime
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run found, for the next run and for machines; and the message to people, if there is one."""

    found: Mapping[str, Any]
    message: AlertMessage | None = None


_DAY = timedelta(days=1)
_NOON = time(12)


def due_date(now: datetime, zone: tzinfo, at: time, last: date | None) -> date | None:
    """Return the date whose run is due, None if it is done; `now` is UTC without a zone.

    `last` is the newest date that is done. Missed dates make one run, due at once. Where the clocks skip `at`, the date is due
    right after the gap; where they repeat it, the first occurrence counts.
    """
    local = now.replace(tzinfo=UTC).astimezone(zone)
    day = local.date() if local.time() >= at else _day_before(local.date(), zone)
    return day if last is None or last < day else None


def _day_before(day: date, zone: tzinfo) -> date:
    """Return the date before, which is not always yesterday: a zone that crosses the date line skips one."""
    day -= _DAY
    while not _exists(day, zone):
        day -= _DAY
    return day


def _exists(day: date, zone: tzinfo) -> bool:
    noon = datetime.combine(day, _NOON, zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day
