"""After a database was set back to a backup: what rows and bucket no longer agree on is found and, where it can be, mended.

A row whose object is gone is fetched again. Objects that belong to no row, or to a version that the row never reached,
are told: they are traces of requests that the database forgot, which only their senders can send again. They are kept,
unless their image is fetched again: a broken link is worse than an older picture, and a newer version makes them garbage.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from faust_app.core.changes import Changes, Locked
from faust_app.core.collection import COUNTER, passes_in_bucket
from faust_app.core.image import OBJECTS, ImageKey, ImageRow, folder, folder_of
from faust_app.core.outcome import HistoryEntry
from faust_app.core.recovery import newer_keys, shows_missing, stored_anew
from faust_app.flows.ports.duties import CollectorRow
from faust_app.flows.ports.images import ImageFolders, ImageRepository
from faust_app.flows.ports.outside import ObjectStore

_PAGE: Final = 1000
_GROUP: Final = 200
_TOLD: Final = 10_000
"""Examples that are kept of each kind; all are counted."""


@dataclass(slots=True)
class Findings:
    """What rows and bucket do not agree on; `republished` of the `missing` are fetched again.

    `replaced` are both missing and behind: what is fetched is older than what the bucket has, which is garbage from then on.
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
        """Note images that show an object which is not there, some of which are `behind` as well."""
        self.missing += len(rows)
        self.replaced += sum(row.key in behind for row in rows)
        self.missing_images += [row.key for row in rows][: _TOLD - len(self.missing_images)]

    def add_behind(self, rows: Sequence[ImageRow]) -> None:
        """Note images of which the bucket has a version that their row never reached."""
        self.behind += len(rows)
        self.images_behind += [row.key for row in rows][: _TOLD - len(self.images_behind)]

    def add_without_row(self, keys: Sequence[str]) -> None:
        """Note objects that belong to no row."""
        self.without_row += len(keys)
        self.keys_without_row += keys[: _TOLD - len(self.keys_without_row)]


@dataclass(frozen=True, slots=True)
class Passes:
    """Passes of the collector that the database knows, and that the bucket has seen; None: its counter cannot be read."""

    database: int
    bucket: int | None


class Recovery:
    """Compares shop by shop. Safe to repeat, and beside workers: an object that is missed is asked for once more."""

    def __init__(self, repository: ImageRepository, folders: ImageFolders, collector: CollectorRow, store: ObjectStore) -> None:
        self._repository = repository
        self._folders = folders
        self._collector = collector
        self._store = store

    async def passes(self) -> Passes:
        """Return how far database and bucket have counted the collector's passes. Raises Unavailable."""
        return Passes((await self._collector.state()).passes, passes_in_bucket(await self._counter()))

    async def let_collector_go_on(self) -> None:
        """Count on from where the bucket is; keys of its counter that cannot be read are removed. Raises Unavailable."""
        counter = await self._counter()
        await self._store.delete([key for key in counter if passes_in_bucket([key]) is None])
        await self._collector.catch_up(max(filter(None, (passes_in_bucket([key]) for key in counter)), default=0))

    async def _counter(self) -> list[str]:
        return [key async for key in self._store.list_keys(COUNTER)]

    async def run(self, *, dry_run: bool, advance: Callable[[int], None]) -> Findings:
        """Compare, and without `dry_run` let what is missing be fetched again. Raises Unavailable; what is done stays done."""
        findings = Findings()
        in_bucket = {int(name) for name in await self._store.list_folders(OBJECTS) if name.isdecimal()}
        for shop_no in sorted(in_bucket.union(await self._folders.shops())):
            await self._shop(shop_no, findings, advance, dry_run=dry_run)
        return findings

    async def _shop(self, shop_no: int, findings: Findings, advance: Callable[[int], None], *, dry_run: bool) -> None:
        keys = defaultdict(list)
        async for key in self._store.list_keys(f"{OBJECTS}{shop_no}/"):
            keys[folder_of(key)].append(key)
        findings.objects += sum(map(len, keys.values()))
        after = b""
        while page := await self._folders.page(shop_no, after, _PAGE):
            after = page[-1].image_id
            findings.images += len(page)
            of_rows = [(row, keys.pop(folder(row), [])) for row in page]
            behind = {row.key for row, own in of_rows if newer_keys(row, own)}
            findings.add_behind([row for row, _ in of_rows if row.key in behind])
            missing = await self._missing([row for row, own in of_rows if shows_missing(row, own)])
            findings.add_missing(missing, behind)
            await self._mend(() if dry_run else missing, findings)
            advance(len(page))
        for strangers in keys.values():
            findings.add_without_row(strangers)

    async def _missing(self, suspects: Sequence[ImageRow]) -> list[ImageRow]:
        """Ask for each object once more: one that was stored after the bucket was listed is not missing."""
        return [row for row in suspects if row.shown is not None and not await self._store.exists(row.shown.object_key)]

    async def _mend(self, missing: Sequence[ImageRow], findings: Findings) -> None:
        for group in _groups(missing):
            findings.republished += await self._repository.change([row.key for row in group], _store_anew(group))


def _store_anew(rows: Sequence[ImageRow]) -> Callable[[Locked], tuple[Changes, int]]:
    def decide(locked: Locked) -> tuple[Changes, int]:
        changes = Changes()
        for row in rows:
            again = stored_anew(locked.rows.get(row.key), row, locked.now)
            if again is not None:
                changes.accepted.append(again)
                changes.hidden.append(again)
                changes.history.append(HistoryEntry(again.key, locked.now, again.version, "republished"))
        return changes, len(changes.accepted)

    return decide


def _groups(rows: Sequence[ImageRow]) -> Iterator[Sequence[ImageRow]]:
    for start in range(0, len(rows), _GROUP):
        yield rows[start : start + _GROUP]
