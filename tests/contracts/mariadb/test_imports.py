"""What flows may rely on of the record of imports and of rejections, for the fake and for MariaDB alike."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.import_runs import MariaImportRuns
from faust_app.adapters.mariadb.rejections import MariaRejections
from faust_app.core.imports.catalogue import LineProblem
from faust_app.core.imports.run import ImportCounts, ImportedFile, ImportStatus
from faust_app.core.messages.rejection import EntryPoint, ImportLine, RejectedRecord, Rejection
from faust_app.flows.ports.imports import ImportRuns
from faust_app.flows.ports.rejections import Rejections
from faust_app.settings import Settings
from tests.factories import NOW
from tests.fakes.imports import FakeImportRuns, FakeRejections


@dataclass
class Books:
    imports: ImportRuns
    rejections: Rejections


@pytest.fixture(params=["fake", "mariadb"])
async def books(request: pytest.FixtureRequest) -> AsyncIterator[Books]:
    if request.param == "fake":
        fake = FakeRejections(lambda: NOW)
        yield Books(FakeImportRuns(fake, lambda: NOW), fake)
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 2) as database:
        yield Books(MariaImportRuns(database), MariaRejections(database))


def file_of(shop_no: int) -> ImportedFile:
    return ImportedFile(shop_no, "shop.csv", 1000, os.urandom(32), "woocommerce")


async def test_an_import_is_stored_as_it_stands_and_continued_by_the_same_file(books: Books, shop_no: int) -> None:
    file = file_of(shop_no)
    run = await books.imports.begin(file, "ada", "r1")
    assert (run.file, run.status, run.counts, run.started_by, run.release, run.continued_from) == (
        file, ImportStatus.RUNNING, ImportCounts(), "ada", "r1", 0,
    )  # fmt: skip
    counts = ImportCounts(500, 10, 6, 1, 1, 2)
    await books.imports.record(run.number, counts, [])
    again = await books.imports.begin(replace(file, name="renamed.csv"), "bob", "r2")
    assert (again.number, again.counts, again.continued_from, again.started_by) == (run.number, counts, 500, "ada")
    assert await books.imports.get(run.number) == again


@pytest.mark.parametrize(("status", "problem"), [(ImportStatus.FINISHED, None), (ImportStatus.BROKEN, "line 4: it is torn")])
async def test_an_import_that_ended_is_not_continued(books: Books, shop_no: int, status: ImportStatus, problem: str | None) -> None:
    file = file_of(shop_no)
    run = await books.imports.begin(file, "ada", None)
    await books.imports.end(run.number, status, problem)
    ended = await books.imports.get(run.number)
    assert ended is not None
    assert (ended.status, ended.problem, ended.ended_at is not None) == (status, problem, True)
    assert (await books.imports.begin(file, "ada", None)).number > run.number


async def test_imports_of_a_shop_are_listed_by_key_newest_first(books: Books, shop_no: int) -> None:
    numbers = [(await books.imports.begin(file_of(shop_no), "ada", None)).number for _ in range(3)]
    await books.imports.begin(file_of(shop_no + 500_000), "ada", None)
    assert [run.number for run in await books.imports.of_shop(shop_no, None, 2)] == numbers[:0:-1]
    assert [run.number for run in await books.imports.of_shop(shop_no, numbers[1], 2)] == numbers[:1]
    assert await books.imports.get(10**12) is None


async def test_every_rejected_line_is_kept_with_line_field_and_reason_in_the_order_of_the_file(books: Books, shop_no: int) -> None:
    run = await books.imports.begin(file_of(shop_no), "ada", None)
    lines = [LineProblem(number, "SKU", f"reason {number}") for number in range(1, 1203)]
    await books.imports.record(run.number, ImportCounts(rejected=2), lines[:2])
    await books.imports.record(run.number, ImportCounts(rejected=len(lines)), lines[2:])
    first = await books.rejections.of_import(run.number, 0, 1000)
    rest = await books.rejections.of_import(run.number, first[-1].number, 1000)
    kept = [each.rejection for each in [*first, *rest]]
    assert [(each.place, each.field, each.reason) for each in kept] == [
        (ImportLine(run.number, line.line), line.field, line.reason) for line in lines
    ]
    assert {each.shop_no for each in kept} == {shop_no}


async def test_a_record_is_kept_once_however_often_it_is_read(books: Books, shop_no: int) -> None:
    place = RejectedRecord("p.requests", 0, shop_no, 5000, b"\x00\xff{")
    told = Rejection(EntryPoint.REQUESTS, "it is torn", None, shop_no, "a", "erp-1", place)
    await books.rejections.add([told, told])
    await books.rejections.add([told])
    (kept,) = await books.rejections.of_shop(shop_no, None, 10)
    assert kept.rejection == told
    assert kept.number in [each.number for each in await books.rejections.of_records(None, 10)]


async def test_rejections_of_a_shop_are_listed_by_key_newest_first_and_those_without_a_shop_in_none(books: Books, shop_no: int) -> None:
    await books.rejections.add([Rejection(EntryPoint.HTTP, f"reason {n}", "source_url", shop_no, sender="erp") for n in range(3)])
    await books.rejections.add([Rejection(EntryPoint.HTTP, "of nobody")])
    newest = await books.rejections.of_shop(shop_no, None, 2)
    assert [each.rejection.reason for each in newest] == ["reason 2", "reason 1"]
    assert [each.rejection.reason for each in await books.rejections.of_shop(shop_no, newest[-1].number, 2)] == ["reason 0"]


async def test_text_of_any_length_and_kind_can_be_kept(books: Books, shop_no: int) -> None:
    await books.rejections.add([Rejection(EntryPoint.HTTP, "r" * 400, "f" * 100, shop_no, "ü" * 32)])
    (kept,) = await books.rejections.of_shop(shop_no, None, 1)
    assert (kept.rejection.image_id, len(kept.rejection.reason)) == ("ü" * 32, 400)
