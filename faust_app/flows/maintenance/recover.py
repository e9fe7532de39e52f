"""Finds, and where possible repairs, what rows and bucket disagree on after the database was restored from a backup.

A row whose object is missing is fetched again. Objects without a row, or of a version their row never reached, are
reported: they stem from requests the database has lost, which only their senders can repeat. They are kept unless their
image is fetched again: an older picture is better than a broken link, and the new version makes them garbage.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.counted import counted_hidden
from faust_app.core.images.objects import OBJECTS, folder, folder_of, newer_keys, shop_prefix, shows_missing
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageKey, ImageRow
from faust_app.core.images.transitions.repair import recovered
from faust_app.core.maintenance.garbage import COUNTER, passes_in_bucket
from faust_app.flows.ports.images import ImageFolders, ImageRepository
from faust_app.flows.ports.maintenance import CollectorRow
from faust_app.flows.ports.transfer import ObjectStore

_REPUBLISHED_AT_ONCE: Final = 200
_EXAMPLES: Final = 10_000
"""Examples kept per kind; all are counted."""


@dataclass(slots=True)
class Findings:
    """What rows and bucket disagree on; `republished` of the `missing` are fetched again.

    `replaced` images are both missing and behind: the bucket's newer object becomes garbage once the row's own is fetched.
    """

    images: int = 0
    objects: int = 0
    missing: int = 0
    republished: int = 0
    replaced: int = 0
    without_row: int = 0
    behind: int = 0
    missing_images: list[ImageKey] = field(default_factory=list)
    keys_without_row: list[str] = field(default_factory=list)
    images_behind: list[ImageKey] = field(default_factory=list)

    def add_missing(self, rows: Sequence[ImageRow], behind: Collection[ImageKey]) -> None:
        """Record images whose object is missing, some of which are also `behind`."""
        self.missing += len(rows)
        self.replaced += sum(row.key in behind for row in rows)
        self.missing_images += [row.key for row in rows][: _EXAMPLES - len(self.missing_images)]

    def add_behind(self, rows: Sequence[ImageRow]) -> None:
        """Record images of which the bucket has a version that their row never reached."""
        self.behind += len(rows)
        self.images_behind += [row.key for row in rows][: _EXAMPLES - len(self.images_behind)]

    def add_without_row(self, keys: Sequence[str]) -> None:
        """Record objects without a row."""
        self.without_row += len(keys)
        self.keys_without_row += keys[: _EXAMPLES - len(self.keys_without_row)]


@dataclass(frozen=True, slots=True)
class Passes:
    """Passes of the collector counted in the database and in the bucket; None if the bucket's counter cannot be read."""

    database: int
    bucket: int | None


class Recovery:
    """Compares rows and bucket, shop by shop.

    Risk: an image that is both missing and behind loses its newer object; `dry_run` counts these first. Safe to repeat,
    and beside running workers: each missing object is checked once more.
    """

    def __init__(self, repository: ImageRepository, folders: ImageFolders, collector: CollectorRow, store: ObjectStore) -> None:
        self._repository = repository
        self._folders = folders
        self._collector = collector
        self._store = store

    async def passes(self) -> Passes:
        """Return the collector's passes as counted in database and bucket. Raises Unavailable."""
        return Passes((await self._collector.state()).passes, passes_in_bucket(await self._counter()))

    async def resume_collector(self) -> None:
        """Raise the database's count of passes to the bucket's, and remove unreadable counter keys. Raises Unavailable."""
        counter = await self._counter()
        await self._store.delete([key for key in counter if passes_in_bucket([key]) is None])
        await self._collector.catch_up(max(filter(None, (passes_in_bucket([key]) for key in counter)), default=0))

    async def _counter(self) -> list[str]:
        return [key async for key in self._store.list_keys(COUNTER)]

    async def run(self, *, dry_run: bool, advance: Callable[[int], None]) -> Findings:
        """Compare, and unless `dry_run` republish images whose object is missing. Raises Unavailable; what was done stays done."""
        findings = Findings()
        in_bucket = {int(name) for name in await self._store.list_folders(OBJECTS) if name.isdecimal()}
        for shop_no in sorted(in_bucket.union(await self._folders.shops())):
            await self._shop(shop_no, findings, advance, dry_run=dry_run)
        return findings

    async def _shop(self, shop_no: int, findings: Findings, advance: Callable[[int], None], *, dry_run: bool) -> None:
        keys = defaultdict(list)
        async for key in self._store.list_keys(shop_prefix(shop_no)):
            keys[folder_of(key)].append(key)
        findings.objects += sum(map(len, keys.values()))
        async for page in self._folders.pages(shop_no):
            findings.images += len(page)
            of_rows = [(row, keys.pop(folder(row), [])) for row in page]
            behind = {row.key for row, own in of_rows if newer_keys(row, own)}
            findings.add_behind([row for row, _ in of_rows if row.key in behind])
            missing = await self._missing([row for row, own in of_rows if shows_missing(row, own)])
            findings.add_missing(missing, behind)
            await self._republish(() if dry_run else missing, findings)
            advance(len(page))
        for strangers in keys.values():
            findings.add_without_row(strangers)

    async def _missing(self, suspects: Sequence[ImageRow]) -> list[ImageRow]:
        """Return the rows whose object is still missing: one stored after the listing is not."""
        return [row for row in suspects if row.shown is not None and not await self._store.exists(row.shown.object_key)]

    async def _republish(self, missing: Sequence[ImageRow], findings: Findings) -> None:
        for group in _groups(missing):
            findings.republished += await self._repository.change([row.key for row in group], _republish_missing(group))


def _republish_missing(rows: Sequence[ImageRow]) -> Callable[[Locked], tuple[Changes, int]]:
    def decide(locked: Locked) -> tuple[Changes, int]:
        changes = Changes()
        for row in rows:
            current = locked.rows.get(row.key)
            again = recovered(current, row, locked.now)
            if again is not None and current is not None:
                changes.accepted.append(again)
                changes.hidden.append(again)
                counted = counted_hidden(current)
                changes.history.append(HistoryEntry(again.key, locked.now, again.version, "republished", counted=counted))
        return changes, len(changes.accepted)

    return decide


def _groups(rows: Sequence[ImageRow]) -> Iterator[Sequence[ImageRow]]:
    for start in range(0, len(rows), _REPUBLISHED_AT_ONCE):
        yield rows[start : start + _REPUBLISHED_AT_ONCE]
