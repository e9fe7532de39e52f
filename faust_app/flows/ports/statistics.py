"""What the reports need: figures by day, and the lines they count."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Protocol

from faust_app.core.operators.audit import Actor
from faust_app.core.statistics.calendar import Bounds
from faust_app.core.statistics.figures import Figures
from faust_app.core.statistics.ledger import Kind, LedgerEntry, Position
from faust_app.core.statistics.load import Manifest, Marker, ShopRow, Snapshot, Totals
from faust_app.core.statistics.report import ClosedMonth, Correction, PlatformDays, ShopDays, ShopTotal
from faust_app.core.statistics.run import StatisticsRun


class Reports(Protocol):
    """Figures by day, from wherever they are to be had.

    Days that no source can give are MISSING: never zeros, never an error. Raises Unavailable only when nothing at all is known.
    """

    async def shop_days(self, shop_no: int, first: date, last: date) -> ShopDays:
        """Return a shop's days, `first` and `last` included; neither is in the future, and both lie within 13 months."""
        ...

    async def platform_days(self, first: date, last: date, top: int) -> PlatformDays:
        """Return the days of all shops together, and the `top` shops by images stored."""
        ...

    async def refresh(self, shop_no: int) -> None:
        """Forget what is cached of a shop: its next report is read anew."""
        ...


class Ledger(Protocol):
    """The lines that a shop's figures count. Raises Unavailable."""

    async def entries(self, shop_no: int, first: date, last: date, kind: Kind, *, after: int | None, limit: int) -> Sequence[LedgerEntry]:
        """Return the lines of a kind from the days `first` to `last`, newest first, from behind the cursor `after` on."""
        ...


class LedgerLines(Protocol):
    """The lines of single days. Raises Unavailable."""

    async def position(self, shop_no: int, cursor: int) -> Position | None:
        """Return where the line of a cursor stands, None where the shop has no such line."""
        ...

    async def of_day(self, shop_no: int, bounds: Bounds, kind: Kind, *, after: Position | None, limit: int) -> Sequence[LedgerEntry]:
        """Return the lines of a kind from one day, newest first, from behind a position on."""
        ...


class LoadedDays(Protocol):
    """What is known of days without counting them."""

    async def loaded(self, shop_no: int, first: date, last: date) -> Mapping[date, Figures]:
        """Return the figures of a shop's loaded days that can be read."""
        ...


class DailyCounts(Protocol):
    """Counts the history, day by day. Raises Unavailable."""

    async def snapshot(self, day: date, bounds: Bounds, *, with_balance: bool) -> Snapshot:
        """Return the day of all shops, counted in a transaction of its own under the next `load_id`.

        With `with_balance` the rows carry what was stored for each shop when the day began; every shop that has something
        stored then has a row.
        """
        ...

    async def of_shop(self, shop_no: int, days: Sequence[tuple[date, Bounds]]) -> Mapping[date, Figures]:
        """Return a shop's figures of some days, counted now."""
        ...

    async def of_platform(self, days: Sequence[tuple[date, Bounds]]) -> Mapping[date, Figures]:
        """Return the figures of all shops together of some days, counted now."""
        ...

    async def stored(self, shop_no: int | None, before: datetime) -> int:
        """Return the bytes that were stored at a time for a shop, or for all of them."""
        ...

    async def difference_to_rows(self) -> tuple[int, int]:
        """Return the bytes stored by the history and by the rows, both of one moment."""
        ...

    async def adjust_to_rows(self) -> Mapping[int, int]:
        """Write a line for each shop whose stored bytes differ from its rows, with the difference; return the differences."""
        ...


class StatisticsStore(Protocol):
    """Keeps the loads of each day. Raises StoreUnavailable."""

    async def prepare(self) -> None:
        """Create what is missing in the store; safe to repeat."""
        ...

    async def manifest(self) -> Manifest:
        """Return the load of each day that counts."""
        ...

    async def highest_load(self) -> int:
        """Return the highest number that any load in the store has, published or not; 0 without one."""
        ...

    async def add_rows(self, day: date, load_id: int, rows: Sequence[ShopRow]) -> None:
        """Add rows of a load, which nobody reads before its marker is there."""
        ...

    async def totals(self, day: date, load_id: int) -> Totals:
        """Count what has arrived of a load."""
        ...

    async def publish(self, marker: Marker) -> None:
        """Write the marker: from now on this load is read."""
        ...

    async def shop_rows(self, shop_no: int, first: date, last: date) -> Sequence[tuple[date, int, ShopRow]]:
        """Return a shop's rows of every load of these days, with day and `load_id`."""
        ...

    async def platform_rows(self, first: date, last: date) -> Mapping[date, ShopRow]:
        """Return the sum over all shops of each published day; its shop number is 0."""
        ...

    async def top_shops(self, first: date, last: date, limit: int) -> Sequence[ShopTotal]:
        """Return the shops with most images registered and updated in the published days, with their sums."""
        ...

    async def all_totals(self) -> Mapping[date, Totals]:
        """Count the load that counts of every day."""
        ...

    async def collect(self, before: datetime) -> int:
        """Delete rows of loads that are superseded, or were never published, unless they are younger than `before`; return how many."""
        ...

    async def drop_before(self, month: date) -> Sequence[date]:
        """Delete every month before this one, markers first; return them."""
        ...

    async def compact(self) -> None:
        """Join what many loads left scattered, so that a report finds each month in one place; figures stay as they are."""
        ...


class StatisticsBook(Protocol):
    """What is known of the loads besides the figures: zone, closed months, corrections. Raises Unavailable."""

    async def keep_zone(self, zone: str) -> str:
        """Keep the zone unless one is kept already; return the one that is kept."""
        ...

    async def number_above(self, load_id: int) -> None:
        """Have the next load numbered above this one."""
        ...

    async def first_day(self, zone: tzinfo) -> date | None:
        """Return the first day whose outcomes are counted whole, None without one."""
        ...

    async def is_older_than_counts(self) -> bool:
        """Return whether the history begins before its outcomes were counted."""
        ...

    async def closed(self) -> Sequence[ClosedMonth]:
        """Return the closed months, oldest first."""
        ...

    async def closed_totals(self, day: date) -> Totals | None:
        """Return a day's totals as they were when its month was closed, all 0 for a day it did not have; None while it is open."""
        ...

    async def all_closed_totals(self) -> Mapping[date, Totals]:
        """Return the totals of every day of the closed months, as they are read."""
        ...

    async def close(self, month: date, totals: Mapping[date, Totals]) -> ClosedMonth:
        """Close a month with the totals of its days; return it as it is kept, should another process have been first."""
        ...

    async def corrections(self, since: date) -> Sequence[Correction]:
        """Return the corrections of days from `since` on, newest first."""
        ...

    async def add_correction(self, day: date, before: Totals, after: Totals, reason: str) -> int:
        """List a correction that is not applied yet, once for the same totals, in place of others of the day; return its number."""
        ...

    async def withdraw_corrections(self, day: date) -> None:
        """Withdraw what is listed of a day and not applied: its history is as it was when the month was closed."""
        ...

    async def apply_correction(self, number: int) -> None:
        """Mark a correction as applied: the closed month's totals of the day are those after it."""
        ...

    async def drop_before(self, month: date) -> None:
        """Delete what was stored at the beginning of months before this one, and loads that operators asked for before it."""
        ...

    async def forget_balances(self, after: date) -> None:
        """Forget what was stored at the beginning of the months after this one; it is counted again when they are loaded."""
        ...


class StatisticsRuns(Protocol):
    """The loads that operators asked for. Raises Unavailable."""

    async def ask(self, first: date, last: date, reason: str | None, actor: Actor) -> int:
        """Request a load, with its audit entry, and return its number: that of a load which waits for the same days, if any."""
        ...

    async def next(self) -> StatisticsRun | None:
        """Return the oldest run that has not ended, None without one."""
        ...

    async def advance(self, number: int, *, days_done: int, days_changed: int) -> None:
        """Keep how far a run is."""
        ...

    async def end(self, number: int, problem: str | None) -> None:
        """End a run; `problem` says why it could not be finished."""
        ...

    async def recent(self, limit: int) -> Sequence[StatisticsRun]:
        """Return the newest runs."""
        ...


class ReportCache(Protocol):
    """Keeps parts of reports for all processes. Every method raises CacheUnavailable."""

    async def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """Return what is kept under each key."""
        ...

    async def put(self, values: Mapping[str, bytes], seconds: int) -> None:
        """Keep values for so long."""
        ...

    async def lock(self, name: str, token: str, milliseconds: int) -> bool:
        """Acquire a lock that expires by itself; return whether it was free."""
        ...

    async def unlock(self, name: str, token: str) -> None:
        """Release a lock that is still held under this token."""
        ...

    async def forget(self, keys: Sequence[str]) -> None:
        """Delete keys."""
        ...

    async def count_view(self, shop_no: int) -> None:
        """Count that a shop's report was looked at."""
        ...

    async def most_viewed(self, limit: int) -> Sequence[int]:
        """Return the shops whose reports were looked at most of late."""
        ...
