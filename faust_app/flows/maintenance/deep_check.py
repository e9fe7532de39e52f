"""Checks every row and object against every promise, by reading what is stored."""

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from faust_app.core.images.objects import Folder, folder, folder_of, shop_prefix
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.verify.acknowledged_requests import LedgerRequests, ledger_violations
from faust_app.core.verify.invariants import Evidence, Violation, violations
from faust_app.flows.ports.images import ImageFolders, ImageHistory
from faust_app.flows.ports.maintenance import GarbageRepository
from faust_app.flows.ports.transfer import ObjectStore

BYTES_RULE: Final = "I3 the object has the row's bytes"
_READERS: Final = 16
"""Objects read at once."""

Keys = Mapping[Folder | None, set[str]]
"""A shop's object keys by the folder of their image; those that are not ours by None."""


@dataclass(slots=True)
class DeepFindings:
    """What was checked, and which promises are broken."""

    states: Counter[ImageState] = field(default_factory=Counter)
    objects: int = 0
    unlisted: int = 0
    """Objects that no row shows and no garbage entry lists, until the audit finds them."""
    violations: list[Violation] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no promise is broken."""
        return not self.violations


class DeepCheck:
    """Reads everything once. While images change, expect single violations that are not real.

    `dead_letters` are the versions that have one, by image.
    """

    def __init__(
        self,
        folders: ImageFolders,
        history: ImageHistory,
        garbage: GarbageRepository,
        store: ObjectStore,
        dead_letters: Mapping[ImageKey, set[int]],
        *,
        read_bytes: bool,
    ) -> None:
        self._folders = folders
        self._history = history
        self._garbage = garbage
        self._store = store
        self._dead_letters = dead_letters
        self._read_bytes = read_bytes

    async def run(self, requests: Mapping[ImageKey, LedgerRequests], advance: Callable[[int], None]) -> DeepFindings:
        """Check every row and object, and the requests of the ledger if there is one; `advance` counts rows. Raises Unavailable."""
        findings = DeepFindings()
        wanted: dict[ImageKey, ImageRow] = {}
        for shop_no in await self._folders.shops():
            keys = await self._keys_of(shop_no, findings)
            async for page in self._folders.pages(shop_no):
                await self._check(page, keys, findings)
                wanted |= {row.key: row for row in page if row.key in requests}
                advance(len(page))
        findings.violations += ledger_violations(requests, wanted)
        return findings

    async def _keys_of(self, shop_no: int, findings: DeepFindings) -> Keys:
        keys: dict[Folder | None, set[str]] = defaultdict(set)
        async for key in self._store.list_keys(shop_prefix(shop_no)):
            keys[folder_of(key)].add(key)
            findings.objects += 1
        return keys

    async def _check(self, rows: Sequence[ImageRow], keys: Keys, findings: DeepFindings) -> None:
        outcomes = await self._history.outcomes(rows[0].shop_no, rows[0].image_id, rows[-1].image_id)
        # A target lies in its own image's folder, so those of a whole page can be told apart.
        in_garbage = await self._garbage.listed([row.key for row in rows])
        for row in rows:
            own = keys.get(folder(row), set())
            evidence = Evidence(row, outcomes.get(row.image_id, ()), own, in_garbage, self._dead_letters.get(row.key, ()))
            findings.states[row.state] += 1
            findings.violations += violations(evidence)
            findings.unlisted += _unlisted(row, own, in_garbage)
        if self._read_bytes:
            findings.violations += await self._other_bytes(rows)

    async def _other_bytes(self, rows: Sequence[ImageRow]) -> list[Violation]:
        """Read what the rows show; return where it has other bytes than the row says. A missing object breaks another rule."""
        limit = asyncio.Semaphore(_READERS)

        async def compare(row: ImageRow) -> Violation | None:
            if row.shown is None:
                return None
            async with limit:
                content = await self._store.read(row.shown.object_key)
            if content is None or hashlib.sha256(content).digest() == row.shown.sha256:
                return None
            return Violation(BYTES_RULE, *row.key, f"{len(content)} other bytes", row.shown.object_key)

        return [found for found in await asyncio.gather(*map(compare, rows)) if found is not None]


def _unlisted(row: ImageRow, keys: set[str], in_garbage: set[str]) -> int:
    if row.state is ImageState.DELETED:
        return 0
    shown = None if row.shown is None else row.shown.object_key
    return sum(key != shown and key not in in_garbage for key in keys)
