"""How long an operator waits among a million images: for the plan of a republish, and for what its run does each second."""

import asyncio
from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import Installation, installed
from bench.operators.stalled import until_coordinated
from bench.timed import timed
from faust_app.adapters.kafka.offsets import KafkaConsumerOffsets
from faust_app.adapters.mariadb.causes import MariaCauses
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.adapters.mariadb.republish_items import MariaRepublishItems
from faust_app.core.operators.audit import Actor
from faust_app.core.republish.run import Draft
from faust_app.core.republish.selection import Selection
from faust_app.flows.republish.control import Overview
from faust_app.wiring.republish import republish_control

GOOD: Final = 880_000
FAILED: Final = 120_000
CAUSES: Final = 2_000
_ROUNDS: Final = 5
_STEP: Final = 200_000
_GOOD: Final = """
INSERT INTO image (shop_no, image_id, version, op, requested_at, updated_at, state, source_url, source_host, shown_version)
SELECT 1000 + ({first} + seq) DIV 250, LPAD({first} + seq, 10, '0'), 1, 'update', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 'DONE',
    CONCAT('https://shop.test/', {first} + seq), 'shop.test', 1 FROM seq_1_to_{count}
"""
_FAILED: Final = """
INSERT INTO image (shop_no, image_id, version, op, requested_at, updated_at, state, source_url, source_host, error_code, error_detail,
    fingerprint)
SELECT 1000 + seq DIV 30, LPAD(10000000 + seq, 10, '0'), 1, 'register', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 'FAILED',
    CONCAT('https://h', seq % {causes}, '.test/', seq), CONCAT('h', seq % {causes}, '.test'), 'source_gone',
    'The source answered with status 410.', CONCAT('source_gone@h', seq % {causes}, '.test') FROM seq_1_to_{count}
"""


@dataclass(frozen=True)
class OperateFigures:
    """Seconds: a plan of every failed image with its counts, a second's work of a run at 1,000 images a second, a page of causes."""

    plan: float
    slowest_plan: float
    begin: float
    counts: float
    planned: int
    causes: float


def fill(installation: Installation) -> None:
    """Write a million images, of which 120,000 failed in 2,000 causes."""
    for first in range(0, GOOD, _STEP):
        installation.execute(_GOOD.format(first=first, count=min(_STEP, GOOD - first)))
    installation.execute(_FAILED.format(causes=CAUSES, count=FAILED))


def operate() -> None:
    """Measure what an operator waits for among a million images."""
    table = Table("what", "measured", "to hold")
    with installed("structure") as installation:
        fill(installation)
        figures = measure_operate(installation)
    table.add_row("images, of which failed", f"{GOOD + FAILED:,}, {FAILED:,}", "")
    table.add_row("plan of a republish, with its counts", f"{figures.plan:.2f} s (slowest {figures.slowest_plan:.2f} s)", "< 2 s")
    table.add_row("images planned", f"{figures.planned:,}", f"{FAILED:,}")
    table.add_row("a second's work at 1,000 a second", f"{figures.begin:.2f} s", "< 1 s")
    table.add_row("a page of 100 of 2,000 causes", f"{figures.causes:.2f} s", "< 0.3 s")
    table.add_row("counts of the run", f"{figures.counts:.2f} s", "< 0.3 s")
    Console().print(table)


def measure_operate(installation: Installation) -> OperateFigures:
    """Measure plans and steps, on the tables that `fill` wrote."""
    return asyncio.run(_measure(installation))


async def _measure(installation: Installation) -> OperateFigures:
    settings, actor = installation.settings, Actor("bench")
    topics = [spec.name for spec in settings.topics.images]
    connected = KafkaConsumerOffsets.connect(settings.kafka, settings.app_id, topics)
    async with Database.connect(settings.database, 2) as database, connected as offsets:
        control = republish_control(settings, database, offsets, Author("bench"))
        await until_coordinated(offsets)
        made = [await timed(control.plan(Draft(Selection(), 1000.0), actor)) for _ in range(_ROUNDS)]
        last, taken = made[-1][0], [seconds for _, seconds in made]
        assert isinstance(last, Overview), last
        run, planned = last.run.number, last.counts.to_begin
        await control.start(run, actor, typed=planned)
        items, committed, begins = MariaRepublishItems(database, Author("bench")), await offsets.committed(), []
        for _ in range(_ROUNDS):
            await asyncio.sleep(1.0)  # a second of its rate
            begins.append((await timed(items.begin(run, committed)))[1])
        _, counted = await timed(control.overview(run))
        causes, listed = await timed(MariaCauses(database).page(None, 100))
        assert len(causes) == 100  # noqa: PLR2004 - a page
    return OperateFigures(median(taken), max(taken), median(begins), counted, planned, listed)
