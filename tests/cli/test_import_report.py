"""What an import says of lines it cannot take."""

import pytest

from faust_app.cli.import_catalogue import ImportReport
from faust_app.core.imports.catalogue import LineProblem
from faust_app.core.imports.run import ImportCounts
from faust_app.flows.imports.import_catalogue import ImportResult
from faust_app.flows.imports.wait import Finished


def result_of(*problems: LineProblem) -> ImportResult:
    result = ImportResult()
    for problem in problems:
        result.reject(problem)
    return result


def test_a_problem_that_many_lines_share_is_named_once_with_its_count() -> None:
    result = result_of(*(LineProblem(line, "source_url", "names no host") for line in range(2, 22)), LineProblem(30, "SKU", "is missing"))
    assert [str(problem) for problem in result.problems.values()] == [
        "2: source_url: names no host (and 19 more like it)",
        "30: SKU: is missing",
    ]
    assert sum(problem.count for problem in result.problems.values()) == 21


@pytest.mark.parametrize(("kinds", "named"), [(20, 20), (500, 20)])
def test_the_kinds_that_are_named_are_bounded(kinds: int, named: int) -> None:
    result = result_of(*(LineProblem(line, "image_id", f"reason {line}") for line in range(kinds)))
    assert len(result.problems) == named


def test_the_problems_are_part_of_the_json_answer() -> None:
    result = result_of(LineProblem(2, "SKU", "is missing"), LineProblem(3, "SKU", "is missing"))
    told = ImportReport(result, dry_run=False, seconds=1.0).as_json()["problems"]
    assert told == [{"line": 2, "field": "SKU", "reason": "is missing", "count": 2}]


def test_without_a_wait_nothing_is_said_of_how_the_images_ended() -> None:
    report = ImportReport(ImportResult(ImportCounts(accepted=3, unchanged=1)), dry_run=False, seconds=2.0)
    ends = {name: report.as_json()[name] for name in ("stored", "failed", "deleted", "bytes")}
    assert ends == {"stored": None, "failed": None, "deleted": None, "bytes": None}
    assert report.lines() == ["3 images accepted, 1 unchanged in 2.0 s (2 images/s)"]


def test_after_a_wait_the_images_are_counted_by_how_they_ended() -> None:
    report = ImportReport(
        ImportResult(ImportCounts(accepted=3), finished=Finished(stored=2, failed=1, bytes=2_500_000)), dry_run=False, seconds=2.0
    )
    assert [report.as_json()[name] for name in ("stored", "failed", "deleted", "bytes", "images_per_s")] == [2, 1, 0, 2_500_000, 1.0]
    assert report.lines() == ["3 images accepted, 2 stored (2.5 MB), 1 failed in 2.0 s (1 images/s)"]
