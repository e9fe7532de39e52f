"""Benchmarks are run by name; a page or a command that names one names one that exists."""

import re
from pathlib import Path

import pytest

from bench.__main__ import BENCHMARKS, usage

CLONE = Path(__file__).parent.parent.parent
PAGES = [CLONE / "README.md", CLONE / "Makefile", CLONE / "CHANGELOG.md", *sorted(CLONE.glob("docs/**/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CLONE)))
def test_every_benchmark_that_a_page_names_exists(page: Path) -> None:
    named = {word.rstrip("`") for word in re.findall(r"-m bench ([a-z-]+)", page.read_text())}
    assert named <= set(BENCHMARKS)


def test_the_arguments_of_a_benchmark_are_read_before_it_runs() -> None:
    assert BENCHMARKS["metrics"].read([]) == []
    assert BENCHMARKS["metrics"].read(["3"]) == [3]
    assert BENCHMARKS["compare"].read(["tree", "2"]) == [Path("tree"), 2]
    assert BENCHMARKS["fairness"].read(["a", "d"]) == ["a", "d"]


@pytest.mark.parametrize(("name", "words"), [("metrics", ["0"]), ("metrics", ["1", "2"]), ("compare", []), ("reports", ["2"])])
def test_arguments_that_do_not_fit_are_refused(name: str, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"arguments do not fit|is not above 0"):
        BENCHMARKS[name].read(words)


def test_the_list_of_benchmarks_has_a_line_for_each() -> None:
    assert len(usage().splitlines()) == len(BENCHMARKS)
