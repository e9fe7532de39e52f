"""How long the images of an import will still take, and what limits them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.dispatch.fairness import Fairness, Hold, ShopState
from faust_app.core.imports.run import ImportRun, ImportStatus

SETTLED_AFTER: Final = timedelta(minutes=1)
"""From this age on an import is as fast as its shop was in the last minute; before, as it was since its beginning."""
SHOWN_FOR: Final = timedelta(days=7)
"""How long after its end an import is still asked for its images; those in progress later are of other requests."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The images of an import: how many ended, and how many are left, with those of the file that are not read yet.

    `left` counts every image of the shop that is in progress, for they take turns. `per_second` is how many end a second, None while
    nothing is known of it, and `shop` what workers say of the shop, None where they have not read its images.
    """

    done: int
    left: int
    per_second: float | None
    shop: ShopState | None = None

    @property
    def seconds(self) -> float | None:
        """Seconds until none is left at this rate; None while the rate is unknown, or 0."""
        return self.left / self.per_second if self.per_second else None

    @property
    def limit(self) -> Hold | None:
        """Why most of them wait."""
        return self.shop.hold if self.shop is not None else None

    @property
    def host(self) -> str | None:
        """The shop's own image server, where it is the limit."""
        return None if self.shop is None else self.shop.limiting_server


def drain_of(run: ImportRun, in_progress: int, fairness: Fairness, now: datetime) -> Drain | None:
    """Return how far the images of the import are, None where none of them is left or it ended long ago.

    `in_progress` are all images of the shop in that state, and `fairness` is what workers say of it, NOTHING where that is unknown.
    """
    unread = _unread(run)
    left = in_progress + unread
    if not left or not run.counts.accepted or (run.ended_at is not None and now - run.ended_at > SHOWN_FOR):
        return None
    done = max(0, run.counts.accepted - in_progress)
    shop = fairness.shop(run.file.shop_no)
    age = now - run.continued_at
    per_second: float | None = None
    if shop is not None and age >= SETTLED_AFTER:
        per_second = fairness.per_second(shop)
    elif done and age > timedelta() and not run.continued_from:
        per_second = done / age.total_seconds()
    return Drain(done, left, per_second, shop)


def _unread(run: ImportRun) -> int:
    """Return about how many images the rest of the file has, by what was read of it."""
    counts = run.counts
    if run.status is not ImportStatus.RUNNING or not counts.read:
        return 0
    return round(counts.accepted * max(0, run.file.size - counts.read) / counts.read)
