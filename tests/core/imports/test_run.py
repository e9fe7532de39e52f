"""What the record of an import says of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.imports.run import INTERRUPTED_AFTER, ImportCounts, ImportedFile, ImportRun, ImportStatus
from tests.factories import NOW

FILE = ImportedFile(7, "a.csv", 1000, bytes(32), "woocommerce")
RUN = ImportRun(1, FILE, ImportStatus.RUNNING, ImportCounts(read=250), "ada", "r1", NOW, NOW, 0, NOW)
LATER = NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    "other",
    [
        replace(FILE, shop_no=8),
        replace(FILE, sha256=bytes(31) + b"x"),
        replace(FILE, refetch=True),
        replace(FILE, file_format="jsonl"),
    ],
)
def test_another_shop_content_format_or_option_makes_another_import(other: ImportedFile) -> None:
    assert other.key != FILE.key


def test_the_name_of_a_file_does_not_matter_to_whether_it_is_the_same() -> None:
    assert replace(FILE, name="b.csv").key == FILE.key


@pytest.mark.parametrize(
    ("run", "left"),
    [
        (RUN, timedelta(seconds=90)),
        (replace(RUN, continued_from=150), timedelta(seconds=225)),
        (replace(RUN, counts=ImportCounts(read=1000)), timedelta(0)),
        (replace(RUN, counts=ImportCounts(read=0)), None),
        (replace(RUN, status=ImportStatus.FINISHED), None),
        (replace(RUN, updated_at=LATER - INTERRUPTED_AFTER - timedelta(seconds=1)), None),
    ],
)
def test_the_time_left_follows_from_the_rate_of_the_process_that_works(run: ImportRun, left: timedelta | None) -> None:
    assert run.left(LATER) == left


def test_a_run_that_records_nothing_for_a_minute_is_interrupted_and_an_ended_one_is_not() -> None:
    late = NOW + INTERRUPTED_AFTER + timedelta(seconds=1)
    assert RUN.is_interrupted(late)
    assert not RUN.is_interrupted(NOW + INTERRUPTED_AFTER)
    assert not replace(RUN, status=ImportStatus.BROKEN).is_interrupted(late)
