"""How long everything is kept: nothing grows for ever."""

from datetime import timedelta
from typing import Final

LIMITS: Final = "limits"
"""The daily job that keeps them."""

HISTORY_MONTHS: Final = 15
"""A month of the history is dropped when it ended so many months ago: a year can be compared with the one before."""
TOMBSTONES: Final = timedelta(days=45)
"""A deleted image's row is kept until no topic can hold a record of it (the longest retention is 30 days). A request that
comes later is younger than the deletion, and its version, made from the clock, is above every one that was ever given."""
WORKERS: Final = timedelta(days=90)
"""A worker that was not seen for so long is another one when it returns."""
SOURCES: Final = timedelta(days=30)
"""A host that neither answered nor failed for so long is met anew when it returns."""
COLLECTOR_BEHIND: Final = timedelta(days=1)
"""While garbage is due for longer, no tombstone goes: without its row an object could never be judged."""

KEPT: Final = {
    "image": "while not deleted",
    "image (tombstones)": f"{TOMBSTONES.days} days after deletion",
    "image_history": f"{HISTORY_MONTHS} months",
    "garbage": "until collected",
    "alert": "90 days after closing",
    "alert_shop": "3 days",
    "alert_worker": "minutes",
    "alert_message": "90 days",
    "job_run": "90 days",
    "lease": "one row a duty",
    "collector": "one row",
    "intake_offset": "one row a partition",
    "source_host": f"{SOURCES.days} days after its last answer or failure",
    "worker": f"{WORKERS.days} days after it was seen",
}
"""Every table and how long its rows are kept, in words. A table that is not named here has no limit yet."""
