"""After a database was set back to a backup: what rows and bucket no longer agree on is found and, where it can be, mended.

A row whose object is gone is fetched again. Objects that belong to no row, or to a version that the row never reached,
are kept and told: they are traces of requests that the database forgot, which only their senders can send again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from faust_app.core.changes import Changes, Locked
from faust_app.core.image import OBJECTS, ImageKey, ImageRow, folder, folder_of
from faust_app.core.outcome import HistoryEntry
from faust_app.core.recovery import newer_keys, shows_missing, stored_anew
from faust_app.flows.ports import ImageFolders, ImageRepository, ObjectStore

_PAGE: Final = 1000
_GROUP: Final = 200
_TOLD: Final = 10_000
"""Examples that are kept of each kind; all are counted."""


@dataclass(slots=True)
class Findings:
    """What rows and bucket do not agree on; `republished` of the `missing` are fetched again."""

    images: int = 0
    objects: int = 0
    missing: int = 0
    republished: int = 0
    without_row: int = 0
    behind: int = 0
    missing_images: list[ImageKey] = field(default_factory=list)
    keys_without_row: list[str] = field(default_factory=list)
    images_behind: list[ImageKey] = field(default_factory=list)

    def add_missing(self, rows: Sequence[ImageRow]) -> None:
        """Note images that show an object which is not there."""
        self.missing += len(rows)
        self.missing_images += [row.key for row in rows][: _TOLD - len(self.missing_images)]

    def add_behind(self, row: ImageRow) -> None:
        """Note an image of which the bucket has a version that its row never reached."""
        self.behind += 1
        self.images_behind += [row.key][: _TOLD - len(self.images_behind)]

    def add_without_row(self, keys: Sequence[str]) -> None:
        """Note objects that belong to no row."""
        self.without_row += len(keys)
        self.keys_without_row += keys[: _TOLD - len(self.keys_without_row)]


class Recovery:
    """Compares shop by shop. Safe to repeat, and beside workers: an object that is missed is asked for once more."""

    def __init__(self, repository: ImageRepository, folders: ImageFolders, store: ObjectStore) -> None:
        self._repository = repository
        self._folders = folders
        self._store = store

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
            for row, own in of_rows:
                if newer_keys(row, own):
                    findings.add_behind(row)
            await self._mend([row for row, own in of_rows if shows_missing(row, own)], findings, dry_run=dry_run)
            advance(len(page))
        for strangers in keys.values():
            findings.add_without_row(strangers)

    async def _mend(self, suspects: Sequence[ImageRow], findings: Findings, *, dry_run: bool) -> None:
        """Ask for each object once more: one that was stored after the bucket was listed is not missing."""
        missing = [row for row in suspects if row.shown is not None and not await self._store.exists(row.shown.object_key)]
        findings.add_missing(missing)
        for group in () if dry_run else _groups(missing):
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
