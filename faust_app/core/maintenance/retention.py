"""How long everything is kept, and the months that the history is partitioned by."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from faust_app.core.alerts.digest import LONGEST_DIGEST
from faust_app.core.causes.suspicion import KEPT_COUNTS
from faust_app.core.monitoring.samples import KEPT as KEPT_SAMPLES
from faust_app.core.statistics.calendar import KEPT_MONTHS

LIMITS: Final = "limits"
"""The daily job that enforces them."""

HISTORY_MONTHS: Final = 15
"""A month of the history is dropped this many months after its end: a year can be compared with the one before."""
TOMBSTONES: Final = timedelta(days=45)
"""A deleted image's row is kept until no topic can hold a record of it (the longest retention is 30 days). The version of a later
request is made from the clock, and so is above every version that was ever given."""
REPORTS: Final = timedelta(days=90)
"""What was reported to people is kept this long: closed alerts, sent messages, runs of daily jobs, imports and republishes, rejections."""
AUDIT: Final = timedelta(days=400)
"""What operators changed is kept for over a year, so that a yearly review finds all of it."""
SESSIONS: Final = timedelta(days=30)
"""Who was logged in, and from where, can be listed this long after the last request of a session."""
CONTROLS: Final = timedelta(days=1)
"""A control that has ended holds no more; its audit entry stays."""
FAILED_LOG_INS: Final = timedelta(days=1)
"""Counts of failed log-ins, one-time log-ins that nobody used, links of shops that somebody did, and test fetches; all mean nothing any
more much earlier."""
WORKERS: Final = REPORTS
"""A worker that has not reported for this long counts as a new one when it returns."""
SOURCES: Final = timedelta(days=30)
"""A host that has neither answered nor failed for this long counts as a new one when it returns."""
RESULTS: Final = timedelta(days=7)
"""A result can be read again for as long as Kafka keeps it, so whoever was away for a long weekend misses none; a setting may differ."""
COLLECTOR_BEHIND: Final = timedelta(days=1)
"""While garbage has been due for longer, no tombstone is purged: without the row the collector cannot decide on an object."""

KEPT: Final = {
    "image": "until deleted",
    "image (tombstones)": f"{TOMBSTONES.days} days after deletion",
    "image_history": f"{HISTORY_MONTHS} months",
    "garbage": "until collected",
    "alert": f"{REPORTS.days} days after closing",
    "alert_shop": f"{LONGEST_DIGEST.days} days",
    "alert_worker": "minutes",
    "alert_message": f"{REPORTS.days} days",
    "alert_recovery": f"{REPORTS.days} days after it was caught up",
    "outcome_count": f"{KEPT_COUNTS.days} days",
    "suspicion": f"{REPORTS.days} days after its end",
    "job_run": f"{REPORTS.days} days",
    "import_run": f"{REPORTS.days} days after its last progress",
    "shop_stats_daily": f"{KEPT_MONTHS} months",
    "stats_load": f"{KEPT_MONTHS} months",
    "stored_balance": f"{KEPT_MONTHS} months",
    "statistics_run": f"{KEPT_MONTHS} months",
    "statistics_month": "one row per month",
    "statistics_correction": "for good",
    "statistics_state": "one row",
    "sample": f"{KEPT_SAMPLES.days} days",
    "result_outbox": "until it has its place in the feed",
    "result_feed": f"{RESULTS.days} days, and until Kafka has it",
    "result_sequence": "one row",
    "rejection": f"{REPORTS.days} days",
    "republish": f"{REPORTS.days} days after its plan",
    "republish_item": f"{REPORTS.days} days after its plan",
    "cause": f"{AUDIT.days} days after the last decision",
    "cause_asked": f"{AUDIT.days} days",
    "audit": f"{AUDIT.days} days",
    "account": "one row per user",
    "session": f"{SESSIONS.days} days after its last request",
    "one_time_log_in": f"{FAILED_LOG_INS.days} day after it expired",
    "report_session": f"{SESSIONS.days} days after its last request",
    "report_link_use": f"{FAILED_LOG_INS.days} day after the link's end",
    "test_fetch": f"{FAILED_LOG_INS.days} day",
    "log_in_failure": f"{FAILED_LOG_INS.days} day after the last failure",
    "lease": "one row per task",
    "collector": "one row",
    "control": f"until lifted, or {CONTROLS.days} day after its end",
    "intake_offset": "one row per partition",
    "source_host": f"{SOURCES.days} days after its last answer or failure",
    "worker": f"{WORKERS.days} days after its last report",
}
"""How long the rows of each table are kept, in words. A table that is not listed has no limit."""


MONTHS_AHEAD: Final = 3
_NAME: Final = re.compile(r"m\d{4}(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Month:
    """A partition's name, and the first day after it."""

    name: str
    end: date


def months_ahead(today: date, ahead: int = MONTHS_AHEAD) -> list[Month]:
    """Return this month and the next ones, oldest first."""
    return [_month(today.year * 12 + today.month - 1 + step) for step in range(ahead + 1)]


def months_missing(names: Iterable[str], today: date) -> list[Month]:
    """Return the months to split off the last partition: those ahead that are later than every existing one.

    A missing month before the newest one is left out: its rows belong to the partition that follows it.
    """
    newest = max((name for name in names if _NAME.fullmatch(name)), default="")
    return [month for month in months_ahead(today) if month.name > newest]


def months_over(names: Iterable[str], today: date, keep: int) -> list[str]:
    """Return the partitions to drop: those that ended `keep` months ago or more, oldest first.

    A name that is not a month's, like that of the last partition, is never returned.
    """
    this_month = today.year * 12 + today.month - 1
    months = {name: _number(name) for name in names if _NAME.fullmatch(name)}
    return sorted(name for name, number in months.items() if number + 1 + keep <= this_month)


def _number(name: str) -> int:
    return int(name[1:5]) * 12 + int(name[5:]) - 1


def _month(number: int) -> Month:
    year, month = divmod(number, 12)
    next_year, next_month = divmod(number + 1, 12)
    return Month(f"m{year}{month + 1:02d}", date(next_year, next_month + 1, 1))
