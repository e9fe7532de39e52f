"""What flows may rely on of causes, for the fake and for MariaDB alike."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from faust_app.adapters.mariadb.causes import MariaCauses
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.core.causes.cause import CauseStatus, status_of
from faust_app.core.causes.suspicion import Rise, Suspicion, Verdict
from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.outcome import Failed
from faust_app.core.operators.audit import Actor
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.images.settle import settle_all
from faust_app.flows.ports.causes import Suspicions
from faust_app.flows.ports.images import ImageRepository
from faust_app.settings import Settings
from tests.contracts.mariadb.test_image_repository import accept
from tests.fakes.causes import FakeCauses
from tests.fakes.clock import clock_of
from tests.fakes.image_repository import FakeImageRepository

ADA = Actor("ada", "10.0.0.1")


@dataclass
class Site:
    rows: ImageRepository
    desk: CauseDesk
    suspicions: Suspicions
    audited: Callable[[], Awaitable[list[str]]]
    host: str

    async def failed(self, shop_no: int, *image_ids: str, code: FailureCode = FailureCode.EMPTY) -> str:
        for row in await accept(self.rows, shop_no, *image_ids, source_url=f"http://{self.host}/a.jpg"):
            failed = Failed(row, code, "why")
            await self.rows.change([row.key], lambda locked: settle_all([failed], locked, timedelta(0)))  # noqa: B023 - awaited here
        return f"{code.value}@{self.host}"

    async def status(self, fingerprint: str) -> CauseStatus:
        details = await self.desk.details(fingerprint)
        assert details is not None
        return status_of(details.cause, await self.desk.now())


@pytest.fixture(params=["fake", "mariadb"])
async def site(request: pytest.FixtureRequest, shop_no: int) -> AsyncIterator[Site]:
    host = f"h{shop_no}.test"
    if request.param == "fake":
        rows = FakeImageRepository()
        rows.release = "r1"
        causes = FakeCauses(rows)

        async def kept() -> list[str]:
            return [entry.action for entry in causes.audit]

        yield Site(rows, CauseDesk(causes, causes.suspicions, clock=rows), causes.suspicions, kept, host)
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 4) as database:

        async def stored() -> list[str]:
            found = await database.rows("SELECT action FROM audit WHERE target LIKE %s ORDER BY id", (f"%@{host}",))
            return [action for (action,) in found]

        desk = CauseDesk(MariaCauses(database), MariaSuspicions(database), clock=database)
        yield Site(MariaImageRepository(database, Author("r1")), desk, MariaSuspicions(database), stored, host)


async def test_a_cause_counts_its_images_and_shops_and_names_some(site: Site, shop_no: int) -> None:
    cause = await site.failed(shop_no, "a", "b", "c")
    await site.failed(shop_no + 500_000, "a")
    details = await site.desk.details(cause)
    assert details is not None
    assert (details.cause.images, details.cause.shops, details.cause.judged_by) == (4, 2, "r1")
    assert [(shop.shop_no, shop.images) for shop in details.shops] == [(shop_no, 3), (shop_no + 500_000, 1)]
    assert set(details.examples) == {(shop_no, b"a"), (shop_no, b"b"), (shop_no, b"c"), (shop_no + 500_000, b"a")}
    assert len(details.curve) == 24


async def test_causes_come_in_pages_the_largest_first(site: Site, shop_no: int) -> None:
    largest = await site.failed(shop_no, *(f"i{n}" for n in range(40)))
    middle = await site.failed(shop_no, *(f"j{n}" for n in range(30)), code=FailureCode.TRUNCATED)
    small = await site.failed(shop_no, *(f"k{n}" for n in range(20)), code=FailureCode.TOO_LARGE)
    found, after = [], None
    while page := await site.desk.page(after, 2):
        found += [cause.fingerprint for cause in page]
        after = page[-1].images, page[-1].fingerprint
    assert [cause for cause in found if cause in {largest, middle, small}] == [largest, middle, small]
    assert len(found) == len(set(found))


async def test_an_unknown_cause_is_none(site: Site) -> None:
    assert await site.desk.details("empty@nowhere.test") is None


async def test_a_cause_is_resolved_comes_back_is_ignored_and_reopened(site: Site, shop_no: int) -> None:
    cause = await site.failed(shop_no, "a")
    assert await site.status(cause) is CauseStatus.OPEN
    await site.desk.resolve(cause, None, ADA)
    assert await site.status(cause) is CauseStatus.RESOLVED
    await site.failed(shop_no, "b")
    assert await site.status(cause) is CauseStatus.CAME_BACK
    assert await site.desk.ignore(cause, await clock_of(site.rows).now() + timedelta(days=1), ADA) is None
    assert await site.status(cause) is CauseStatus.IGNORED
    await site.desk.reopen(cause, ADA)
    assert await site.status(cause) is CauseStatus.OPEN
    assert await site.audited() == ["cause.resolve", "cause.ignore", "cause.reopen"]


@pytest.mark.parametrize("days", [-1, 0, 91])
async def test_a_cause_is_not_ignored_until_a_time_that_makes_no_sense(site: Site, shop_no: int, days: int) -> None:
    cause = await site.failed(shop_no, "a")
    assert await site.desk.ignore(cause, await clock_of(site.rows).now() + timedelta(days=days), ADA)
    assert await site.status(cause) is CauseStatus.OPEN


async def test_what_people_write_about_a_cause_is_kept_with_who_and_when(site: Site, shop_no: int) -> None:
    cause = await site.failed(shop_no, "a")
    await site.desk.set_note(cause, "<script>alert(1)</script>", ADA)
    await site.desk.set_ours(cause, ADA, is_ours=True)
    await site.desk.asked(cause, shop_no, ADA)
    details = await site.desk.details(cause)
    assert details is not None
    mark = details.cause.mark
    assert (mark.note, mark.note_by, mark.note_at is not None, mark.is_ours) == ("<script>alert(1)</script>", "ada", True, True)
    assert [(shop.asked_by, shop.asked_at is not None) for shop in details.shops] == [("ada", True)]
    await site.desk.set_note(cause, None, ADA)
    details = await site.desk.details(cause)
    assert details is not None
    assert (details.cause.mark.note, details.cause.mark.note_by) == (None, None)


async def test_what_a_person_says_of_a_cause_decides_what_is_suspected_of_its_code(site: Site, shop_no: int) -> None:
    cause, release = await site.failed(shop_no, "a", code=FailureCode.TOO_MANY_FRAMES), f"r{shop_no}"
    now = await site.desk.now()
    rise = Rise("too_many_frames", 0.001, 0.1, 30, 100)
    suspicion = Suspicion("too_many_frames", release, now - timedelta(minutes=5), now, rise)
    await site.suspicions.add([suspicion])
    assert (await site.desk.blame()).is_ours(cause, release)
    await site.desk.set_ours(cause, ADA, is_ours=False)
    (decided,) = [each for each in await site.suspicions.known() if each.release == release]
    assert (decided.verdict, decided.decided_by, decided.decided_at is not None) == (Verdict.SHOPS, "ada", True)
    assert not (await site.desk.blame()).is_ours(cause, release)
    await site.desk.set_ours(cause, ADA, is_ours=True)
    assert (await site.desk.blame()).is_ours("too_many_frames@elsewhere.test", release), "of every host"
    await site.suspicions.end([suspicion], now)
    await site.suspicions.add([replace(suspicion, rise=replace(rise, images=200))])
    (ended,) = [each for each in await site.suspicions.known() if each.release == release]
    assert (ended.verdict, ended.ended_at, ended.rise.images) == (Verdict.OURS, now, 200), "what was decided stays so"


async def test_a_suspicion_that_ended_and_is_found_again_stands_again(site: Site, shop_no: int) -> None:
    now = await site.desk.now()
    suspicion = Suspicion("side_too_long", f"r{shop_no}", now, now, Rise("side_too_long", 0.001, 0.1, 30, 100))
    for stands in (True, False, True):
        await (site.suspicions.add([suspicion]) if stands else site.suspicions.end([suspicion], now))
        (known,) = [each for each in await site.suspicions.known() if each.release == suspicion.release]
        assert known.is_open is stands
    await site.suspicions.end([suspicion], now)
