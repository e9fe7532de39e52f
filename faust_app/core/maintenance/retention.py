"""How long the rows of each table are kept: no table grows for ever."""

from datetime import timedelta
from typing import Final

LIMITS: Final = "limits"
"""The daily job that enforces them."""

HISTORY_MONTHS: Final = 15
"""A month of the history is dropped this many months after its end: a year can be compared with the one before."""
TOMBSTONES: Final = timedelta(days=45)
"""A deleted image's row is kept until no topic can hold a record of it (the longest retention is 30 days). The version of a later
request is made from the clock, and so is above every version that was ever given."""
WORKERS: Final = timedelta(days=90)
"""A worker that has not reported for this long counts as a new one when it returns."""
SOURCES: Final = timedelta(days=30)
"""A host that has neither answered nor failed for this long counts as a new one when it returns."""
COLLECTOR_BEHIND: Final = timedelta(days=1)
"""While garbage has been due for longer, no tombstone is purged: without the row the collector cannot decide on an object."""

KEPT: Final = {
    "image": "until deleted",
    "image (tombstones)": f"{TOMBSTONES.days} days after deletion",
    "image_history": f"{HISTORY_MONTHS} months",
    "garbage": "until collected",
    "alert": "90 days after closing",
    "alert_shop": "3 days",
    "alert_worker": "minutes",
    "alert_message": "90 days",
    "job_run": "90 days",
    "lease": "one row per task",
    "collector": "one row",
    "intake_offset": "one row per partition",
    "source_host": f"{SOURCES.days} days after its last answer or failure",
    "worker": f"{WORKERS.days} days after its last report",
}
"""How long the rows of each table are kept, in words. A table that is not listed has no limit."""
