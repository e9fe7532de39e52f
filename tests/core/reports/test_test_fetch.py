"""How far a test fetch is, and its result as it is stored."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.reports import test_fetch as tests
from faust_app.core.sources.content import Redirect
from tests.factories import NOW

ASKED = tests.TestFetch(1, 7, "https://shop.test/a.jpg", NOW)
TAKEN = replace(ASKED, taken_at=NOW)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("test", "after", "state"),
    [
        (ASKED, tests.TAKEN_WITHIN, tests.TestState.WAITING),
        (ASKED, tests.TAKEN_WITHIN + SECOND, tests.TestState.EXPIRED),
        (TAKEN, tests.DONE_WITHIN, tests.TestState.RUNNING),
        (TAKEN, tests.DONE_WITHIN + SECOND, tests.TestState.EXPIRED),
        (replace(TAKEN, result=tests.TestResult(1.0)), timedelta(days=1), tests.TestState.DONE),
    ],
)
def test_a_test_is_over_when_it_has_a_result_or_has_expired(test: tests.TestFetch, after: timedelta, state: tests.TestState) -> None:
    assert tests.state_of(test, NOW + after) is state
    assert tests.is_over(test, NOW + after) is (state in {tests.TestState.DONE, tests.TestState.EXPIRED})


@pytest.mark.parametrize(
    "result",
    [tests.TestResult(0.1), tests.TestResult(2.5, 404, (Redirect(302, "https://b.test/ä"),), "text/html; x", code="source_not_found")],
)
def test_a_result_is_read_back_as_it_was_stored(result: tests.TestResult) -> None:
    assert tests.result_of(tests.result_text(result)) == result
