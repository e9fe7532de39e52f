"""`shop-images check --deep`: checks every row and object against every promise, by reading what is stored."""

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import Progress

from faust_app.adapters.kafka.dead_letters import dead_lettered
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import COLUMNS, image_row
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.cli.command import print_report, run
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.verify.acknowledged_requests import LedgerError, LedgerRequests, ledger_violations, read_ledger
from faust_app.core.verify.invariants import Evidence, Violation, violations
from faust_app.settings import Settings

_PAGE: Final = 1000
_READERS: Final = 16
_SHOWN: Final = 50
"""Violations printed at most; all are counted."""
BYTES_RULE: Final = "I3 the object has the row's bytes"

_PAGE_OF_SHOP: Final = f"SELECT {COLUMNS} FROM image WHERE shop_no = %s AND image_id > %s AND version > 0 ORDER BY image_id LIMIT %s"  # noqa: S608
_OUTCOMES: Final = (
    "SELECT image_id, version, outcome FROM image_history WHERE shop_no = %s AND image_id BETWEEN %s AND %s ORDER BY image_id, id"
)
_GARBAGE: Final = "SELECT image_id, target FROM garbage WHERE shop_no = %s"


@dataclass(slots=True)
class DeepReport:
    """What was checked, and which promises are broken."""

    states: Counter[str] = field(default_factory=Counter)
    objects: int = 0
    unlisted: int = 0
    """Objects that no row shows and no garbage entry lists, until the audit finds them."""
    violations: list[Violation] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no promise is broken."""
        return not self.violations

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "images": dict(self.states),
            "objects": self.objects,
            "unlisted_objects": self.unlisted,
            "violations": [
                {"rule": v.rule, "shop_no": v.shop_no, "image_id": _text(v.image_id), "detail": v.detail, "key": v.key}
                for v in self.violations
            ],
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        counts = ", ".join(f"{count:,} {state}" for state, count in sorted(self.states.items())) or "no images"
        head = f"{counts}; {self.objects:,} objects, {self.unlisted:,} of them left to the audit; {len(self.violations):,} violations"
        shown = [
            f"  {v.rule}: shop {v.shop_no}, image {_text(v.image_id)}: {v.detail}{f' ({v.key})' if v.key else ''}"
            for v in self.violations[:_SHOWN]
        ]
        more = [f"  and {len(self.violations) - _SHOWN:,} more"] if len(self.violations) > _SHOWN else []
        return [head, *shown, *more]


class DeepCheck:
    """Reads everything once. While images change, expect single violations that are not real."""

    def __init__(self, database: Database, store: S3ObjectStore, dead_letters: Mapping[ImageKey, set[int]], *, read_bytes: bool) -> None:
        self._database = database
        self._store = store
        self._dead_letters = dead_letters
        self._read_bytes = read_bytes
        self._report = DeepReport()

    async def run(self, requests: Mapping[ImageKey, LedgerRequests], advance: Callable[[int], None]) -> DeepReport:
        """Check every row and object, and the requests of the ledger if there is one. Raises Unavailable."""
        wanted: dict[ImageKey, ImageRow] = {}
        for (shop_no,) in await self._database.rows("SELECT DISTINCT shop_no FROM image ORDER BY shop_no"):
            keys = await self._keys_of(shop_no)
            garbage = await self._garbage_of(shop_no)
            async for page in self._pages(shop_no):
                await self._check(page, keys, garbage)
                wanted |= {row.key: row for row in page if row.key in requests}
                advance(len(page))
        self._report.violations += ledger_violations(requests, wanted)
        return self._report

    async def _pages(self, shop_no: int) -> AsyncIterator[list[ImageRow]]:
        last = b""
        while rows := [image_row(values) for values in await self._database.rows(_PAGE_OF_SHOP, (shop_no, last, _PAGE))]:
            yield rows
            last = rows[-1].image_id

    async def _keys_of(self, shop_no: int) -> dict[str, set[str]]:
        """Return the shop's object keys by the folder of their image."""
        keys: dict[str, set[str]] = defaultdict(set)
        async for key in self._store.list_keys(f"shops/{shop_no}/"):
            keys[key.rpartition("/")[0]].add(key)
            self._report.objects += 1
        return keys

    async def _garbage_of(self, shop_no: int) -> dict[bytes, set[str]]:
        garbage: dict[bytes, set[str]] = defaultdict(set)
        for image_id, target in await self._database.rows(_GARBAGE, (shop_no,)):
            garbage[image_id].add(target)
        return garbage

    async def _check(self, rows: Sequence[ImageRow], keys: Mapping[str, set[str]], garbage: Mapping[bytes, set[str]]) -> None:
        outcomes: dict[bytes, list[tuple[int, str]]] = defaultdict(list)
        parameters = (rows[0].shop_no, rows[0].image_id, rows[-1].image_id)
        for image_id, version, outcome in await self._database.rows(_OUTCOMES, parameters):
            outcomes[image_id].append((version, outcome))
        for row in rows:
            self._report.states[row.state.value] += 1
            own = keys.get(_folder(row), set())
            in_garbage = garbage.get(row.image_id, set())
            evidence = Evidence(row, outcomes[row.image_id], own, in_garbage, self._dead_letters.get(row.key, ()))
            self._report.violations += violations(evidence)
            self._report.unlisted += _unlisted(row, own, in_garbage)
        if self._read_bytes:
            await self._compare_bytes([row for row in rows if row.shown is not None])

    async def _compare_bytes(self, rows: Sequence[ImageRow]) -> None:
        limit = asyncio.Semaphore(_READERS)

        async def compare(row: ImageRow) -> None:
            shown = row.shown
            async with limit:
                content = None if shown is None else await self._store.read(shown.object_key)
            if shown is not None and content is not None and hashlib.sha256(content).digest() != shown.sha256:
                self._report.violations.append(Violation(BYTES_RULE, *row.key, f"{len(content)} other bytes", shown.object_key))

        await asyncio.gather(*(compare(row) for row in rows))


async def check_deep(settings: Settings, ledger: Path | None, *, read_bytes: bool) -> DeepReport:
    """Check a whole installation, with a progress bar. Raises Unavailable, LedgerError."""
    requests: dict[ImageKey, LedgerRequests] = {}
    if ledger is not None:
        with ledger.open(errors="replace") as lines:
            requests = read_ledger(lines, settings.topic_prefix)
    topics = settings.topics
    dead = await dead_lettered(settings.bootstrap_servers, topics.dead_letter.name)
    async with Database.connect(settings.database, 2) as database, S3ObjectStore(settings) as store:
        ((count,),) = await database.rows("SELECT COUNT(*) FROM image")
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("images", total=count)
            check = DeepCheck(database, store, dead, read_bytes=read_bytes)
            return await check.run(requests, lambda images: progress.advance(task, images))


def _folder(row: ImageRow) -> str:
    return f"shops/{row.shop_no}/{hashlib.sha256(row.image_id).hexdigest()[:20]}"


def _unlisted(row: ImageRow, keys: set[str], in_garbage: set[str]) -> int:
    if row.state is ImageState.DELETED:
        return 0
    shown = None if row.shown is None else row.shown.object_key
    return sum(key != shown and key not in in_garbage for key in keys)


def _text(image_id: bytes) -> str:
    return image_id.decode(errors="replace")


def run_check_deep(settings: Settings, ledger: Path | None, *, read_bytes: bool, as_json: bool) -> None:
    """Read everything and print each broken promise; exit code 1 when there is one, 2 for a wrong ledger."""
    try:
        report = run(check_deep(settings, ledger, read_bytes=read_bytes))
    except LedgerError as error:
        click.echo(f"shop-images: {ledger}: {error}", err=True)
        raise SystemExit(2) from error
    print_report(report, as_json=as_json)
    if not report.ok:
        raise SystemExit(1)
