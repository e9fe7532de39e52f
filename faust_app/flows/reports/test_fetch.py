"""Test fetches: the web process asks, a worker fetches by the rules of every image, and the web process shows what came of it.

The web process never fetches: it may stand in a network that reaches what sources must not.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from faust_app.core.failure import Failure
from faust_app.core.operators.audit import Actor
from faust_app.core.reports.test_fetch import TestFetch, TestResult, is_over
from faust_app.core.sources.content import Fetched
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.reports import TestFetches
from faust_app.flows.ports.transfer import ImageCheck, ObservingFetcher

log = structlog.get_logger()

AT_ONCE: Final = 4
"""Test fetches that one worker runs side by side."""
_LOOK_AGAIN: Final = 0.25
"""Seconds between two looks for a result."""


class AskTestFetch:
    """Asks for test fetches, and waits for what becomes of them. Every method raises Unavailable."""

    def __init__(self, tests: TestFetches, *, clock: Clock) -> None:
        self._tests = tests
        self._clock = clock

    async def ask(self, shop_no: int, url: str, actor: Actor) -> TestFetch | None:
        """Add a test for a worker to take; None if the shop has asked for A_MINUTE within the last minute."""
        return await self._tests.ask(shop_no, url, actor.name)

    async def get(self, shop_no: int, number: int) -> TestFetch | None:
        """Return the shop's test."""
        return await self._tests.get(shop_no, number)

    async def now_or_soon(self, shop_no: int, number: int, seconds: float) -> TestFetch | None:
        """Return the test once it is over, or as it is after so many seconds."""
        ends = asyncio.get_running_loop().time() + seconds
        while (test := await self._tests.get(shop_no, number)) is not None:
            if is_over(test, await self._clock.now()) or asyncio.get_running_loop().time() >= ends:
                return test
            await asyncio.sleep(_LOOK_AGAIN)
        return None


class RunTestFetches:
    """Takes test fetches on a worker. Risk: it fetches what strangers name, so only by the guarded fetcher of the images."""

    def __init__(
        self, tests: TestFetches, fetcher: ObservingFetcher, check: ImageCheck, *, worker: str, may_start: Callable[[], bool]
    ) -> None:
        """`may_start` is whether our own network works: while it does not, every server would seem to be down."""
        self._tests = tests
        self._fetcher = fetcher
        self._check = check
        self._worker = worker
        self._may_start = may_start
        self._running: set[asyncio.Task[None]] = set()

    async def run_pass(self) -> None:
        """Take tests that wait, as many as there is room for, and leave them running. Raises Unavailable."""
        room = AT_ONCE - len(self._running)
        if room <= 0 or not self._may_start():
            return
        for test in await self._tests.take(self._worker, room):
            task = asyncio.create_task(self._run(test), name="test fetch")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """End what runs; those tests expire."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _run(self, test: TestFetch) -> None:
        try:
            await self._tests.end(test.number, await self._result(test.url))
        except Exception:
            # At the edge of a task: whatever it is, this test expires, and the worker goes on.
            log.exception("test fetch failed unexpectedly", shop_no=test.shop_no)

    async def _result(self, url: str) -> TestResult:
        began = asyncio.get_running_loop().time()
        seen = await self._fetcher.observe(url)
        seconds = round(asyncio.get_running_loop().time() - began, 3)
        result = TestResult(seconds, seen.status, seen.redirects, seen.announced_type)
        if not isinstance(seen.outcome, Fetched):
            return _failed(result, seen.outcome)
        result = replace(result, size=len(seen.outcome.content))
        try:
            facts = await self._check.check(seen.outcome.content)
        except Failure as failure:
            return _failed(result, failure)
        return replace(result, content_type=facts.content_type, width=facts.width, height=facts.height)


def _failed(result: TestResult, failure: Failure) -> TestResult:
    return replace(result, code=failure.code.value, detail=failure.detail)
