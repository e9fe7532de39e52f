"""How many images ended, by release, code and host: counted where they are settled, read by releases."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.adapters.mariadb.outcome_counts import MariaOutcomeCounts
from faust_app.core.causes.suspicion import BEFORE
from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.outcome import Failed, Outcome, Removed
from faust_app.flows.images.settle import settle_all
from faust_app.flows.ports.causes import OutcomeCounts
from faust_app.settings import Settings
from tests.contracts.mariadb.test_image_repository import accept
from tests.factories import NOW
from tests.fakes.causes import FakeOutcomeCounts


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(settings.database, 4) as database:
        yield database


async def settled(database: Database, author: Author, shop_no: int, code: FailureCode | None, *image_ids: str, host: str) -> None:
    rows = MariaImageRepository(database, author)
    accepted = await accept(rows, shop_no, *image_ids, source_url=f"http://{host}/a.jpg")
    ends: list[Outcome] = [Removed(row) if code is None else Failed(row, code, "why") for row in accepted]
    await rows.change([row.key for row in accepted], lambda locked: settle_all(ends, locked, timedelta(0)))


async def test_what_a_release_failed_is_counted_by_code_and_host_in_the_transaction_that_settles_it(
    database: Database, shop_no: int
) -> None:
    bad, other = f"bad{shop_no}", f"old{shop_no}"
    for worker in ("w1", "w2"):
        for host in ("a.test", "b.test"):
            await settled(database, Author(bad, worker), shop_no, FailureCode.TRUNCATED, f"{worker}{host}", f"{worker}{host}2", host=host)
    await settled(database, Author(other, "w1"), shop_no, FailureCode.EMPTY, "x", host="a.test")
    await settled(database, Author(bad, "w1"), shop_no, FailureCode.INTERNAL_ERROR, "y", host="a.test")
    await settled(database, Author(bad, "w1"), shop_no, None, "z", host="a.test")
    await settled(database, Author(), shop_no, FailureCode.TRUNCATED, "nobody", host="a.test")
    counts, now = MariaOutcomeCounts(database), await database.now()
    found = await counts.of([bad], now - BEFORE)
    assert found.failed == {"truncated": {"a.test": 4, "b.test": 4}}, "by which shops are blamed"
    both = await counts.of([bad, other], now - BEFORE)
    assert both.failed["empty"] == {"a.test": 1}
    releases = {release.name: release for release in await counts.releases(now - BEFORE)}
    assert (releases[bad].outcomes, releases[other].outcomes) == (found.total, both.total - found.total)
    assert releases[bad].first_at < releases[bad].last_at <= now
    assert await counts.of([], now) == await counts.of(["never deployed"], now)
    assert (await counts.of([bad], now + timedelta(hours=1))).total == 0


async def test_the_fake_counts_in_the_same_hours() -> None:
    counts: OutcomeCounts = (fake := FakeOutcomeCounts())
    at = NOW.replace(minute=59)
    fake.add(at, "1.0", 5, "truncated", a=2)
    assert (await counts.of(["1.0"], at.replace(minute=1))).total == 7
    assert (await counts.of(["1.0"], at + timedelta(minutes=1))).total == 0
    assert [release.outcomes for release in await counts.releases(at)] == [7]
