"""What the overview may rely on of samples, of what happened, and of products without a picture."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.pictureless_products import MariaPicturelessProducts
from faust_app.adapters.mariadb.samples import MariaSamples
from faust_app.adapters.mariadb.timeline import MariaTimeline
from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.outcome import Failed, Outcome, Stored
from faust_app.core.monitoring.samples import Sample, minute_of
from faust_app.core.monitoring.timeline import Happened
from faust_app.flows.images.settle import settle_all
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.monitoring import PicturelessProducts, Samples
from faust_app.settings import Settings
from tests.contracts.mariadb.test_image_repository import accept
from tests.factories import make_shown
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.monitoring import FakePicturelessProducts, FakeSamples

LAST = datetime(9999, 1, 1)  # noqa: DTZ001 - as the database keeps it


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(settings.database, 2) as database:
        yield database


@pytest.fixture(params=["fake", "mariadb"])
def samples(request: pytest.FixtureRequest) -> Samples:
    if request.param == "fake":
        return FakeSamples()
    return MariaSamples(request.getfixturevalue("database"))


@dataclass
class Shelf:
    rows: ImageRepository
    products: PicturelessProducts

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        keys = [outcome.row.key for outcome in outcomes]
        await self.rows.change(keys, lambda locked: settle_all(outcomes, locked, timedelta(0)))


@pytest.fixture(params=["fake", "mariadb"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    if request.param == "fake":
        fake = FakeImageRepository()
        return Shelf(fake, FakePicturelessProducts(fake))
    database: Database = request.getfixturevalue("database")
    return Shelf(MariaImageRepository(database), MariaPicturelessProducts(database))


async def test_one_sample_is_kept_a_minute_and_read_back_in_order(samples: Samples) -> None:
    now = minute_of(datetime(2026, 3, 1, 12, 0))  # noqa: DTZ001 - as the database keeps it
    await samples.forget(LAST, 10_000)
    first = Sample(now, 5, 1.5, 2, 3, pictureless=4)
    assert await samples.add(first)
    assert not await samples.add(Sample(now, 9))
    assert await samples.add(Sample(now + timedelta(minutes=1)))
    kept = await samples.since(now)
    assert (kept[0], kept[1].behind, await samples.newest()) == (first, None, now + timedelta(minutes=1))
    assert await samples.since(now + timedelta(minutes=1)) == kept[1:]
    assert [await samples.forget(now + timedelta(minutes=1), 10), await samples.forget(now, 10)] == [1, 0]


@pytest.mark.parametrize("before", [0, 1])
async def test_of_processes_that_sample_the_same_minute_one_keeps_it(settings: Settings, before: int) -> None:
    now = minute_of(datetime(2026, 3, 1, 12, 0))  # noqa: DTZ001 - as the database keeps it
    async with Database.connect(settings.database, 8) as database:
        samples = MariaSamples(database)
        for round_ in range(5):
            await samples.forget(LAST, 10_000)
            for minute in range(before):
                await samples.add(Sample(now + timedelta(minutes=minute)))
            added = await asyncio.gather(*(samples.add(Sample(now + timedelta(minutes=10), behind=each)) for each in range(8)))
            assert (sum(added), len(await samples.since(now))) == (1, before + 1), round_


async def test_a_sample_counts_what_ended_since_the_one_before(database: Database, shop_no: int) -> None:
    samples, rows = MariaSamples(database), MariaImageRepository(database)
    shelf = Shelf(rows, MariaPicturelessProducts(database))
    await samples.forget(LAST, 10_000)
    now = minute_of(await database.now())
    await samples.add(Sample(now))
    a, b, c = await accept(rows, shop_no, "a", "b", "c")
    await shelf.settle([Stored(a, make_shown(a)), Stored(b, make_shown(b)), Failed(c, FailureCode.EMPTY, "why")])
    await samples.add(Sample(now + timedelta(minutes=1)))
    await samples.add(Sample(now + timedelta(minutes=2)))
    ended = [(sample.done, sample.failed) for sample in await samples.since(now)]
    assert ended[0] == (0, 0)
    assert ended[1][0] >= 2
    assert ended[1][1] >= 1


async def test_a_product_is_without_a_picture_while_its_images_failed_and_none_is_shown(shelf: Shelf, shop_no: int) -> None:
    before = await shelf.products.count()
    a, b, c = await accept(shelf.rows, shop_no, "a", "b", "c", product_id="p1")
    (d,) = await accept(shelf.rows, shop_no, "d", product_id="p2")
    await shelf.settle([Failed(row, FailureCode.EMPTY, "why") for row in (a, b, d)])
    assert await shelf.products.count() - before == 2
    first = await shelf.products.images((shop_no, b""), 2)
    assert ([row.image_id for row in first.rows], first.after) == ([b"a", b"b"], (shop_no, b"b"))
    assert [row.image_id for row in (await shelf.products.images(first.after, 1)).rows] == [b"d"]
    await shelf.settle([Stored(c, make_shown(c))])
    assert await shelf.products.count() - before == 1


async def test_what_happened_is_on_one_timeline_newest_first(database: Database) -> None:
    since = await database.now() - timedelta(microseconds=1)
    sql = "INSERT INTO audit (at, actor, remote, action, target) VALUES (UTC_TIMESTAMP(6), 'ada', NULL, %s, 'cause 1')"
    await database.change(sql, ("cause.resolve",))
    await database.change(
        "INSERT INTO worker (name, version, started_at, seen_at) VALUES ('w:timeline', 'r9', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))"
        " ON DUPLICATE KEY UPDATE started_at = VALUES(started_at)"
    )
    timeline, until = MariaTimeline(database), await database.now()
    everything = await timeline.between(since, until, list(Happened), 100)
    assert [each.at for each in everything] == sorted((each.at for each in everything), reverse=True)
    changes = await timeline.between(since, until, [Happened.CHANGE], 100)
    assert ("cause.resolve: cause 1", "ada") in [(each.text, each.who) for each in changes]
    assert "worker w:timeline started with release r9" in [each.text for each in everything]
    assert await timeline.between(until, until, list(Happened), 100) == []
    assert len(await timeline.between(since, until, list(Happened), 1)) == 1
