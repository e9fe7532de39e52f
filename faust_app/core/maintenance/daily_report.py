"""What the daily check reports: images in progress for over a day, by state, and what was rescued."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.core.images.row import ImageRow
from faust_app.core.iso_time import from_iso_time, iso_time
from faust_app.core.messages.positions import Offsets, TopicPartition, with_ends
from faust_app.core.monitoring.unfinished import PAST_END_AFTER, UnfinishedState, classify_unfinished, is_overdue

DAILY_CHECK: Final = "daily check"
OPEN_TOO_LONG: Final = timedelta(days=1)
"""An image that has been in progress for longer is reported, whatever its state."""
LONGEST_REPORT: Final = timedelta(days=7)
"""The longest time over which rescues are counted."""
_SHOPS: Final = 10


@dataclass(frozen=True, slots=True)
class ShopOpen:
    """One shop's images in progress for over a day, by state."""

    shop_no: int
    lost: int
    scheduled: int
    queued: int

    @property
    def images(self) -> int:
        """Their total."""
        return self.lost + self.scheduled + self.queued


@dataclass(frozen=True, slots=True)
class DailyReport:
    """What a check found at `as_of`; rescues are those after `since`. Times are UTC; shops are those with most, at most ten.

    `reasons` counts scheduled images by reason; `overdue` are those whose time passed a minute ago or more.
    """

    as_of: datetime
    since: datetime
    lost: int = 0
    scheduled: int = 0
    queued: int = 0
    overdue: int = 0
    oldest: datetime | None = None
    reasons: tuple[tuple[str, int], ...] = ()
    shops: int = 0
    top_shops: tuple[ShopOpen, ...] = ()
    rescues: int = 0
    rescued_shops: int = 0
    top_rescued: tuple[tuple[int, int], ...] = ()

    @property
    def images(self) -> int:
        """The number of images in progress for over a day."""
        return self.lost + self.scheduled + self.queued

    @property
    def ok(self) -> bool:
        """Whether nothing needs attention: rescued images continue by themselves."""
        return self.images == 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object; the age of the oldest in seconds."""
        return {
            "as_of": iso_time(self.as_of),
            "ok": self.ok,
            "open_over_a_day": {
                "images": self.images,
                "lost": self.lost,
                "scheduled": self.scheduled,
                "queued": self.queued,
                "overdue": self.overdue,
                "oldest_open_s": None if self.oldest is None else round((self.as_of - self.oldest).total_seconds()),
                "scheduled_by_reason": dict(self.reasons),
                "shops": self.shops,
                "top_shops": [
                    {"shop_no": shop.shop_no, "lost": shop.lost, "scheduled": shop.scheduled, "queued": shop.queued}
                    for shop in self.top_shops
                ],
            },
            "rescued": {
                "since": iso_time(self.since),
                "rescues": self.rescues,
                "shops": self.rescued_shops,
                "top_shops": [{"shop_no": shop_no, "rescues": rescues} for shop_no, rescues in self.top_rescued],
            },
        }


@dataclass(slots=True)
class OpenTally:
    """Counts rows in progress for over a day, page by page."""

    now: datetime
    by_shop: dict[int, Counter[UnfinishedState]] = field(default_factory=lambda: defaultdict(Counter))
    reasons: Counter[str] = field(default_factory=Counter)
    overdue: int = 0
    oldest: datetime | None = None

    def add(self, rows: Iterable[ImageRow], offsets: Offsets, ends: Mapping[TopicPartition, int]) -> None:
        """Count rows that were read after `offsets` and before `ends`."""
        known = with_ends(offsets, ends)
        for row in rows:
            self._add(row, classify_unfinished(row, known, past_end_before=_was_there(row, self.now)))

    def _add(self, row: ImageRow, where: UnfinishedState) -> None:
        self.by_shop[row.shop_no][where] += 1
        if row.schedule_reason is not None and where is UnfinishedState.SCHEDULED:
            self.reasons[row.schedule_reason.value] += 1
        self.overdue += is_overdue(row, self.now)
        if row.open_since is not None:
            self.oldest = row.open_since if self.oldest is None else min(self.oldest, row.open_since)


def daily_report(tally: OpenTally, since: datetime, rescued: Mapping[int, int]) -> DailyReport:
    """Sum up what was counted; `rescued` are the rescues after `since` by shop."""
    shops = [
        ShopOpen(shop_no, counts[UnfinishedState.LOST], counts[UnfinishedState.SCHEDULED], counts[UnfinishedState.QUEUED])
        for shop_no, counts in tally.by_shop.items()
    ]
    return DailyReport(
        as_of=tally.now,
        since=since,
        lost=sum(shop.lost for shop in shops),
        scheduled=sum(shop.scheduled for shop in shops),
        queued=sum(shop.queued for shop in shops),
        overdue=tally.overdue,
        oldest=tally.oldest,
        reasons=tuple(sorted(tally.reasons.items(), key=lambda item: (-item[1], item[0]))),
        shops=len(shops),
        top_shops=tuple(sorted(shops, key=lambda shop: (-shop.lost, -shop.images, shop.shop_no))[:_SHOPS]),
        rescues=sum(rescued.values()),
        rescued_shops=len(rescued),
        top_rescued=tuple(sorted(rescued.items(), key=lambda item: (-item[1], item[0]))[:_SHOPS]),
    )


def rescued_since(now: datetime, last: Mapping[str, Any] | None) -> datetime:
    """Return since when a check at `now` counts rescues: since the last report, or a day ago; a week ago at most."""
    last_at = None if last is None else last.get("as_of")
    since = from_iso_time(last_at) if isinstance(last_at, str) else now - timedelta(days=1)
    return max(since, now - LONGEST_REPORT)


def _was_there(row: ImageRow, now: datetime) -> bool:
    return row.updated_at is not None and now - row.updated_at >= PAST_END_AFTER
