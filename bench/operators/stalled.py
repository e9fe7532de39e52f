"""How long it takes to find the unfinished among ten million images, and to answer /lag and /stalled.

Rows are written in key order, the fastest way to fill a table with indexes. The scheduled rows are older than the
queued ones, so that a query that lists queued rows by age would have to read all of them first.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.figures import p99
from bench.installation import Installation, installed
from bench.requests import answer_to, first_answer, request_of
from bench.timed import timed
from faust_app.adapters.kafka.offsets import KafkaConsumerOffsets
from faust_app.adapters.mariadb import unfinished_images
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.unfinished_images import MariaStalledRows
from faust_app.core.failure import Unavailable
from faust_app.flows.monitoring.unfinished import WatchStalled
from faust_app.metrics import Metrics

ROWS = 10_000_000
QUEUED, SCHEDULED, FAILED, LOST = 100_000, 20_000, 5_000, 300
QUEUED_SHOP, SCHEDULED_SHOP, FAILED_SHOP, LOST_SHOP = 7, 8, 9, 10
_STEP = 500_000
_SAMPLES = 10
_ANSWERS = 200
_INSERT = """
INSERT INTO image (shop_no, image_id, version, op, requested_at, updated_at, state, source_url{names})
SELECT {shop}, LPAD({first} + seq, 10, '0'), 1, 'update', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), '{state}', 'http://shop.test/a.jpg'{values}
FROM seq_1_to_{count}
"""
_DAY = "2026-01-01"
_STATEMENTS: dict[str, tuple[str, tuple[object, ...]]] = {
    "tops": (unfinished_images.TOPS, ()), "scheduled": (unfinished_images.SCHEDULED, (_DAY, _DAY)),
    "placed": (unfinished_images.PLACED, ()), "old": (unfinished_images.OLD, (_DAY,)),
    "oldest": (unfinished_images.OLDEST, ()), "failed": (unfinished_images.FAILED, ()),
    "list old": (unfinished_images.LIST_OLD, (_DAY,)), "list queued": (unfinished_images.LIST_PLACED, ("bulk", 3, 0, 2**63 - 1)),
    "list scheduled": (unfinished_images.LIST_SCHEDULED, ()), "list failed": (unfinished_images.LIST_FAILED, ()),
}  # fmt: skip


@dataclass(frozen=True)
class StalledFigures:
    """Seconds of the first sample, of the fastest and slowest further ones, of a sample of one shop, and of answers."""

    first: float
    fastest: float
    slowest: float
    of_shop: float
    answers: dict[str, tuple[float, float]]
    plans: list[str]


class _NoAlerts:
    """Implements `flows.ports.alerts.Alerts` without effect."""

    def open(self, *_kind: object, **_facts: object) -> None:
        """Do nothing."""

    def close(self, *_kind: object, **_facts: object) -> None:
        """Do nothing."""


def fill(installation: Installation, rows: int = ROWS) -> float:
    """Write the rows; return the seconds it took."""
    begun = time.monotonic()
    since = "UTC_TIMESTAMP(6) - INTERVAL seq SECOND"
    topic = installation.settings.topic_prefix + "bulk"
    for shop, count, state, values in (
        (QUEUED_SHOP, QUEUED, "IN_PROGRESS", _position(topic, since, "seq DIV 12")),
        (
            SCHEDULED_SHOP,
            SCHEDULED,
            "IN_PROGRESS",
            {"open_since": f"{since} - INTERVAL 2 DAY", "scheduled_at": "UTC_TIMESTAMP(6) + INTERVAL 1 DAY", "schedule_reason": "'retry'"},
        ),
        (FAILED_SHOP, FAILED, "FAILED", {"error_code": "'source_gone'"}),
        (LOST_SHOP, LOST, "IN_PROGRESS", _position("no-such-topic", since, "seq")),
    ):
        _insert(installation, str(shop), range(count), state, values)
    for first in range(0, rows, _STEP):
        numbers = range(first, min(first + _STEP, rows))
        _insert(installation, f"1000 + ({first} + seq) DIV 2500", numbers, "DONE", {"shown_version": "1"})
    return time.monotonic() - begun


def _position(topic: str, since: str, offset: str) -> dict[str, str]:
    return {"open_since": since, "topic": f"'{topic}'", "`partition`": "seq % 12", "`offset`": offset}


def _insert(installation: Installation, shop: str, numbers: range, state: str, values: dict[str, str]) -> None:
    names, taken = "".join(f", {name}" for name in values), "".join(f", {value}" for value in values.values())
    sql = _INSERT.format(shop=shop, first=numbers.start, count=len(numbers), state=state, names=names, values=taken)
    installation.execute(sql)


def stalled() -> None:
    """Measure how long it takes to find unfinished images among many finished ones."""
    table, console = Table("what", "measured", "target"), Console()
    with installed() as installation:
        console.print(f"writing {ROWS:,} rows ...")
        console.print(f"written in {fill(installation):,.0f} s; sampling ...")
        figures = measure_stalled(installation)
    for plan in figures.plans:
        console.print(plan)
    table.add_row(f"first sample of {ROWS:,} rows", f"{figures.first * 1000:,.0f} ms", "< 200 ms")
    table.add_row("further samples", f"{figures.fastest * 1000:,.0f} to {figures.slowest * 1000:,.0f} ms", "< 200 ms")
    table.add_row(f"sample of one shop with {QUEUED:,} queued", f"{figures.of_shop * 1000:,.0f} ms", "")
    for path, (half, most) in figures.answers.items():
        table.add_row(f"GET {path}, p50 / p99", f"{half * 1000:.1f} / {most * 1000:.1f} ms", "<= 20 ms")
    console.print(table)


def measure_stalled(installation: Installation) -> StalledFigures:
    """Measure repeated samples, then the answers of a web process."""
    samples, of_shop, plans = asyncio.run(_sample(installation))
    with installation.process("faust_app.web_app"):
        answers = {path: _answers(installation, path) for path in ("/lag", "/stalled", "/stalled?status=queued&limit=200")}
    return StalledFigures(samples[0], min(samples[1:]), max(samples[1:]), of_shop, answers, plans)


async def _sample(installation: Installation) -> tuple[list[float], float, list[str]]:
    settings = installation.settings
    topics = [spec.name for spec in settings.topics.images]
    async with (
        Database.connect(settings.database, 2) as database,
        KafkaConsumerOffsets.connect(settings.kafka, settings.app_id, topics) as offsets,
    ):
        watch = WatchStalled(
            MariaStalledRows(database),
            offsets,
            _NoAlerts(),
            Metrics(),
            stalled_after=timedelta(hours=20),
            held_by=tuple,
            clock=database,
            seconds=time.monotonic,
        )
        await until_coordinated(offsets)
        samples = [(await timed(watch.run_pass()))[1] for _ in range(_SAMPLES)]
        assert watch.report is not None
        assert (watch.report.counts.lost, watch.report.counts.scheduled, watch.report.counts.failed) == (LOST, SCHEDULED, FAILED)
        _, of_shop = await timed(watch.of_shop(QUEUED_SHOP))
        return samples, of_shop, [await _plan(database, name, sql, values) for name, (sql, values) in _STATEMENTS.items()]


async def until_coordinated(offsets: KafkaConsumerOffsets) -> None:
    """Wait for the group coordinator, which a new cluster creates on the first request for it."""
    for _ in range(60):
        try:
            await offsets.committed()
        except Unavailable:
            await asyncio.sleep(0.5)
        else:
            return
    raise TimeoutError("the cluster has no group coordinator")


async def _plan(database: Database, name: str, sql: str, values: tuple[object, ...]) -> str:
    limit = (200,) if name.startswith("list") else ()
    ((*_, key, _length, _ref, rows, extra),) = await database.rows("EXPLAIN " + sql.format(shop=""), values + limit)
    return f"{name}: {key}, {rows} rows, {extra}"


def _answers(installation: Installation, path: str) -> tuple[float, float]:
    """Return the median and the 99th percentile of the answers, in seconds."""
    request = request_of(installation, path)
    first_answer(request)
    taken = []
    for _ in range(_ANSWERS):
        begun = time.monotonic()
        answer_to(request)
        taken.append(time.monotonic() - begun)
    return median(taken), p99(taken)
