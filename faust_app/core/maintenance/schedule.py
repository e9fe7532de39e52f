"""When a daily job is due: once for every date of the platform's calendar, across clock changes."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

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
