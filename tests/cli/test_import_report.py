"""What an import says of lines it cannot take."""

import pytest

from faust_app.cli.import_catalogue import ImportReport
from faust_app.core.messages.catalogue import LineProblem


def report_of(*problems: LineProblem) -> ImportReport:
    report = ImportReport(dry_run=False)
    for problem in problems:
        report.reject(problem)
    return report


def test_a_problem_that_many_lines_share_is_named_once_with_its_count() -> None:
    report = report_of(*(LineProblem(line, "source_url", "names no host") for line in range(2, 22)), LineProblem(30, "SKU", "is missing"))
    assert [str(problem) for problem in report.problems.values()] == [
        "2: source_url: names no host (and 19 more like it)",
        "30: SKU: is missing",
    ]
    assert report.rejected == 21


@pytest.mark.parametrize(("kinds", "named"), [(20, 20), (500, 20)])
def test_the_kinds_that_are_named_are_bounded_and_every_line_is_counted(kinds: int, named: int) -> None:
    report = report_of(*(LineProblem(line, "image_id", f"reason {line}") for line in range(kinds)))
    assert (len(report.problems), report.rejected) == (named, kinds)


def test_the_problems_are_part_of_the_json_answer() -> None:
    told = report_of(LineProblem(2, "SKU", "is missing"), LineProblem(3, "SKU", "is missing")).as_json()["problems"]
    assert told == [{"line": 2, "field": "SKU", "reason": "is missing", "count": 2}]
