"""What a shop can mend, on the real tables; and the fake finds the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.adapters.mariadb.mend_rows import MariaMendRows
from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.changes import Changes, Scheduled
from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.reports.mend import Fetching, Tally
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.reports import MendRows
from faust_app.settings import Settings
from tests.contracts.mariadb.test_image_repository import accept, finish, the_row
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.reports import FakeMendRows


@dataclass
class Shelf:
    rows: ImageRepository
    mend: MendRows


@pytest.fixture(params=["fake", "mariadb"])
async def shelf(request: pytest.FixtureRequest) -> AsyncIterator[Shelf]:
    if request.param == "fake":
        rows = FakeImageRepository()
        rows.release = "r1"
        yield Shelf(rows, FakeMendRows(rows))
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 4) as database:
        yield Shelf(MariaImageRepository(database, Author("r1")), MariaMendRows(database))


async def fail(shelf: Shelf, row: ImageRow, code: FailureCode = FailureCode.EMPTY, host: str = "source.test") -> None:
    current = await the_row(shelf.rows, row)
    failed = replace(
        current, state=ImageState.FAILED, error_code=code.value, fingerprint=f"{code.value}@{host}", scheduled_at=None,
        schedule_reason=None, open_since=None, judged_by="r1",
    )  # fmt: skip
    await shelf.rows.change([row.key], lambda _: (Changes(finished=[failed]), None))


async def wait(shelf: Shelf, row: ImageRow, reason: ScheduleReason, **values: object) -> ImageRow:
    waiting = replace(await the_row(shelf.rows, row), schedule_reason=reason, **values)  # type: ignore[arg-type]
    await shelf.rows.change([row.key], lambda _: (Changes(scheduled=[Scheduled(waiting, row.attempt)]), None))
    return waiting


async def test_images_are_counted_by_cause_release_and_picture(shelf: Shelf, shop_no: int) -> None:
    a, b, c, d, e, f, _ = await accept(shelf.rows, shop_no, "a", "b", "c", "d", "e", "f", "g")
    await fail(shelf, a)
    await fail(shelf, b)
    await finish(shelf.rows, c)
    (c,) = await accept(shelf.rows, shop_no, "c")
    await fail(shelf, c)
    at = d.requested_at.replace(microsecond=0) + timedelta(hours=1)
    await wait(shelf, d, ScheduleReason.RETRY, error_code="source_timeout", fingerprint="source_timeout@source.test", scheduled_at=at)
    await wait(shelf, e, ScheduleReason.DEFERRED, scheduled_at=at)
    await finish(shelf.rows, f)
    found = {(each.failed, each.shown, each.cause): each for each in await shelf.mend.tallies(shop_no)}
    assert found == {
        (True, False, "empty@source.test"): Tally("failed\tempty@source.test\tr1", True, False, "empty@source.test", "r1", 2),
        (True, True, "empty@source.test"): Tally("failed-shown\tempty@source.test\tr1", True, True, "empty@source.test", "r1", 1),
        (False, False, "source_timeout@source.test"): Tally(
            "trying\tsource_timeout@source.test",
            False,
            False,
            "source_timeout@source.test",
            None,
            1,
            at,
        ),
        (False, False, "@source.test"): Tally("trying\t@source.test", False, False, "@source.test", None, 1, at),
    }
    counts = await shelf.mend.counts(shop_no)
    assert (counts.wanted, counts.in_progress, counts.in_progress_shown, counts.at_least) == (7, 3, 0, False)


async def test_the_images_of_an_import_are_those_asked_for_while_it_ran(shelf: Shelf, shop_no: int) -> None:
    a, b = await accept(shelf.rows, shop_no, "a", "b")
    since, until = a.requested_at, b.requested_at
    assert await shelf.mend.fetched_of(shop_no, since, until) == Fetching(2, None)
    await finish(shelf.rows, a)
    await fail(shelf, b)
    ended = (await the_row(shelf.rows, b)).updated_at
    assert await shelf.mend.fetched_of(shop_no, since, until) == Fetching(0, ended)
    assert await shelf.mend.fetched_of(shop_no, since - timedelta(days=2), since - timedelta(days=1)) == Fetching(0, None)


async def test_the_longest_cause_fits_into_the_column(shelf: Shelf, shop_no: int) -> None:
    host = ".".join([*["h" * 63] * 3, "h" * 57, "com"])
    (row, other) = await accept(shelf.rows, shop_no, "a", "b", source_url=f"https://{host}/x.jpg")
    await fail(shelf, row, FailureCode.SOURCE_BLOCKED_BY_LAW, host)
    await wait(shelf, other, ScheduleReason.RETRY, error_code="x" * 40)
    assert {each.cause for each in await shelf.mend.tallies(shop_no)} == {f"source_blocked_by_law@{host}", f"{'x' * 40}@{host}"}


async def test_images_of_a_group_come_in_pages_by_id(shelf: Shelf, shop_no: int) -> None:
    rows = await accept(shelf.rows, shop_no, "b", "a", "c", "d")
    for row in rows[:3]:
        await fail(shelf, row)
    await fail(shelf, rows[3], FailureCode.TOO_LARGE)
    mends = [each.mend for each in await shelf.mend.tallies(shop_no) if each.cause.startswith("empty")]
    first = await shelf.mend.images(shop_no, mends, b"", 2)
    rest = await shelf.mend.images(shop_no, mends, first[-1].image_id, 2)
    assert [[row.image_id for row in page] for page in (first, rest)] == [[b"a", b"b"], [b"c"]]
    assert await shelf.mend.images(shop_no, [], b"", 2) == []


async def test_a_product_without_any_picture_is_listed_once(shelf: Shelf, shop_no: int) -> None:
    a, b = await accept(shelf.rows, shop_no, "a", "b", product_id="p1", product_name="Red shoe", sku="S-1")
    c, d = await accept(shelf.rows, shop_no, "c", "d", product_id="p2")
    (e,) = await accept(shelf.rows, shop_no, "e", product_id="p3")
    (f,) = await accept(shelf.rows, shop_no, "f")
    for row in (b, a, c, e, f):
        await fail(shelf, row)
    await finish(shelf.rows, d)
    assert await shelf.mend.pictureless(shop_no) == 2
    found = await shelf.mend.products(shop_no, "", 10)
    assert [(each.product_id, each.product_name, each.sku, each.images, each.image_id, each.code) for each in found] == [
        ("p1", "Red shoe", "S-1", 2, b"a", "empty"), ("p3", None, None, 1, b"e", "empty"),
    ]  # fmt: skip
    assert [each.product_id for each in await shelf.mend.products(shop_no, "p1", 1)] == ["p3"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("red SHOE", ["a", "b"]), ("shoe", ["a", "b", "c"]), ("S-1", ["a", "b"]), ("IMG_7.JPG", ["c"]), ("mg_7", ["c"]), ("c", ["c"]),
        ("https://source.test/2024/img_7.jpg?v=2", ["c"]), ("%", []), ("_", ["c"]), ("none'; --", []), ("x" * 300, []), ("\\", []),
    ],
)  # fmt: skip
async def test_a_picture_is_found_by_what_its_owner_knows(shelf: Shelf, shop_no: int, text: str, found: list[str]) -> None:
    await accept(shelf.rows, shop_no, "a", "b", product_name="Red shoe", sku="S-1", source_url="https://source.test/p/")
    await accept(shelf.rows, shop_no, "c", product_name="Horseshoes", source_url="https://source.test/2024/img_7.jpg?v=2")
    await accept(shelf.rows, shop_no + 500_000, "other", product_name="Red shoe", sku="S-1")
    rows = await shelf.mend.search(shop_no, text, 10)
    assert [row.image_id.decode() for row in rows] == found
