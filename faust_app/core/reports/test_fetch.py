"""A fetch that the people of a shop ask for, to see how their server answers us; its result is shown and changes nothing."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from faust_app.core.sources.content import Redirect

A_MINUTE: Final = 10
"""Test fetches that a shop may ask for in a minute: enough to mend a server by, too few to load it."""
TAKEN_WITHIN: Final = timedelta(seconds=15)
"""A worker takes a test within a second; one that waits longer meets none that is free."""
DONE_WITHIN: Final = timedelta(seconds=60)
"""Longer than a fetch and the look at its bytes may take: a test that has not ended by then lost its worker."""


class TestState(StrEnum):
    """How far a test fetch is."""

    __test__ = False  # pytest takes a name that begins so for a test

    WAITING = "waiting"  #: no worker has taken it yet
    RUNNING = "running"
    DONE = "done"
    EXPIRED = "expired"  #: no worker was free, or the one that had it is gone


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a worker met. `size` in bytes of what was received, `announced_type` what the server called it.

    `code` is the failure; without one the image would be stored, and `content_type`, `width` and `height` are what it is.
    """

    __test__ = False

    seconds: float
    status: int | None = None
    redirects: tuple[Redirect, ...] = ()
    announced_type: str | None = None
    size: int | None = None
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    code: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class TestFetch:
    """One test fetch. Times are UTC without a zone."""

    __test__ = False

    number: int
    shop_no: int
    url: str
    asked_at: datetime
    taken_at: datetime | None = None
    result: TestResult | None = None


def state_of(test: TestFetch, now: datetime) -> TestState:
    """Return how far the test is."""
    if test.result is not None:
        return TestState.DONE
    if test.taken_at is None:
        return TestState.EXPIRED if now - test.asked_at > TAKEN_WITHIN else TestState.WAITING
    return TestState.EXPIRED if now - test.taken_at > DONE_WITHIN else TestState.RUNNING


def is_over(test: TestFetch, now: datetime) -> bool:
    """Return whether nothing more will be known of it."""
    return state_of(test, now) in {TestState.DONE, TestState.EXPIRED}


def result_text(result: TestResult) -> str:
    """Return the result as it is stored."""
    return json.dumps(asdict(result), ensure_ascii=False, separators=(",", ":"))


def result_of(text: str) -> TestResult:
    """Return the result that `result_text` wrote."""
    values: dict[str, Any] = json.loads(text)
    return TestResult(**{**values, "redirects": tuple(Redirect(**each) for each in values["redirects"])})
