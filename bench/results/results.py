"""How soon an outcome is told after its commit, how fast a backlog is told, and what its result costs a settle."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final

from aiokafka import AIOKafkaConsumer
from rich.console import Console
from rich.table import Table

from bench.figures import p99, spread
from bench.installation import Installation, installed
from bench.worker.settle import measure_settle
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.outcome import Stored
from faust_app.core.images.row import ImageRow, Shown
from faust_app.core.images.transitions.accept import accept
from faust_app.core.messages.events import ImageRequest, Op
from faust_app.flows.images.settle import settle_all

RATE: Final = 200
SECONDS: Final = 60
GROUP: Final = 10
BACKLOG: Final = 100_000
PAIRS: Final = 9
_SHOP: Final = 1
_FILL: Final = """
INSERT INTO result_outbox (at, shop_no, image_id, body)
SELECT UTC_TIMESTAMP(6), 2, CONCAT('i', seq), CONCAT('{"kind":"stored","version":1764000000000000,"product_id":"p', seq DIV 10,
    '","object_key":"shops/2/', LEFT(SHA1(seq), 20), '/1764000000000000-', LEFT(SHA1(seq), 16),
    '.jpg","size":100000,"content_type":"image/jpeg","width":800,"height":600}')
FROM seq_1_to_"""
_PUBLISHED: Final = "SELECT published FROM result_sequence"


@dataclass(frozen=True)
class ResultFigures:
    """Seconds from the return of COMMIT until a consumer has the record, results a second, and the settle's ratios pair by pair."""

    delays: Sequence[float]
    backlog_per_second: float
    kept_rate: Sequence[float]
    """Images a second with results, divided by those without."""
    kept_cpu: Sequence[float]


def results() -> None:
    """Measure how soon and how fast outcomes are told, and what that costs a settle."""
    table = Table("what", "measured", "to hold")
    with installed() as installation:
        figures = measure_results(installation)
    delays = f"{median(figures.delays):.2f} / {p99(figures.delays):.2f} s"
    table.add_row(f"settle committed to record delivered, at {RATE} images/s, p50 / p99", delays, "p99 <= 2 s")
    table.add_row(f"a backlog of {BACKLOG:,} results by one publisher", f"{figures.backlog_per_second:,.0f} results/s", ">= 2,000")
    for what, shares in (("images a second", figures.kept_rate), ("images per CPU-second", figures.kept_cpu)):
        table.add_row(f"settle with its results, {what}, of what it does without", f"{spread(shares, '.3f')}, {len(shares)} pairs", "")
    Console(width=150).print(table)


def measure_results(installation: Installation) -> ResultFigures:
    """Measure all three on an idle installation; settling is measured first, with nobody who publishes."""
    pairs = [(_settle(installation, number), _settle(installation, number, without=True)) for number in range(PAIRS + 1)][1:]
    with installation.process("faust_app.web_app"):
        installation.until("SELECT moved > 0 AND moved = published AND NOT EXISTS (SELECT 1 FROM result_outbox) FROM result_sequence", 1)
        delays = asyncio.run(_delays(installation))
    installation.execute(f"{_FILL}{BACKLOG}")
    before = installation.query(_PUBLISHED)
    with installation.process("faust_app.web_app"):
        installation.until(_PUBLISHED, before + 1)
        began, first = time.perf_counter(), installation.query(_PUBLISHED)
        installation.until(_PUBLISHED, before + BACKLOG)
        rate = (before + BACKLOG - first) / (time.perf_counter() - began)
    return ResultFigures(delays, rate, [one[0] / two[0] for one, two in pairs], [one[1] / two[1] for one, two in pairs])


def _settle(installation: Installation, number: int, *, without: bool = False) -> tuple[float, float]:
    return measure_settle(installation, 1000 + 2 * number + without, without_results=without)


async def _delays(installation: Installation) -> list[float]:
    """Settle images at a steady rate; return how long the record of each took."""
    settled, seen = dict[str, float](), dict[str, float]()
    async with Database.connect(installation.settings.database, 4) as database, _consumer(installation) as consumer:
        rows = MariaImageRepository(database, Author("bench", "worker"))
        taken = await _accepted(rows, RATE * SECONDS)
        reading = asyncio.create_task(_read(consumer, seen, len(taken)))
        started = time.perf_counter()
        for first in range(0, len(taken), GROUP):
            await asyncio.sleep(max(0.0, started + first / RATE - time.perf_counter()))
            group = taken[first : first + GROUP]
            outcomes = [Stored(row, _shown(row)) for row in group]
            await rows.change([row.key for row in group], lambda locked, outcomes=outcomes: settle_all(outcomes, locked, timedelta(0)))  # type: ignore[misc]
            settled |= dict.fromkeys((row.image_id.decode() for row in group), time.perf_counter())
        async with asyncio.timeout(60):
            await reading
    return [max(0.0, seen[image_id] - at) for image_id, at in settled.items()]


async def _accepted(rows: MariaImageRepository, count: int) -> list[ImageRow]:
    taken: list[ImageRow] = []
    for first in range(0, count, 500):
        asked = [
            ImageRequest(op=Op.REGISTER, shop_no=_SHOP, image_id=f"i{n}", source_url=f"https://shop.test/{n}.jpg")
            for n in range(first, first + 500)
        ]
        taken += await rows.change(
            [each.key for each in asked],
            lambda locked, asked=asked: _begun(asked, locked),  # type: ignore[misc]
            create=True,
        )
    return taken


def _begun(asked: Sequence[ImageRequest], locked: Locked) -> tuple[Changes, list[ImageRow]]:
    rows, now = locked.rows, locked.now
    made = [accept(rows[each.key], each, requested_at=now, now=now, lease=timedelta(seconds=3600)).row for each in asked]
    return Changes(accepted=made), made


def _shown(row: ImageRow) -> Shown:
    digest = hashlib.sha256(row.image_id).digest()
    key = f"shops/{row.shop_no}/{digest.hex()[:20]}/{row.version}-{digest.hex()[:16]}.jpg"
    return Shown(row.version, key, row.source_url or "", digest, 90_000, "image/jpeg", 800, 600)


@asynccontextmanager
async def _consumer(installation: Installation) -> AsyncIterator[AIOKafkaConsumer]:
    """Read the topic from its end on."""
    settings = installation.settings
    async with AIOKafkaConsumer(settings.topics.results.name, **settings.kafka, auto_offset_reset="latest") as consumer:
        await consumer.seek_to_end()
        yield consumer


async def _read(consumer: AIOKafkaConsumer, seen: dict[str, float], count: int) -> None:
    while len(seen) < count:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            at = time.perf_counter()
            for record in records:
                result = json.loads(record.value)
                if result["shop_no"] == _SHOP:
                    seen.setdefault(result["image_id"], at)
