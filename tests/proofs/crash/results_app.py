"""A web process that dies at a named point of telling results: `faust -A tests.proofs.crash.results_app worker`.

Without a point it is a process like any other.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.web_app import WebApp
from faust_app.wiring.common import Parts
from faust_app.wiring.startup import build_or_exit

POINT: Final = "CRASH_POINT"


class ResultPoint(StrEnum):
    """Before, between and after the acts of the two tasks that the outside notices."""

    BEFORE_ORDER = "before order"  #: results are committed and have no position
    IN_ORDER = "in order"  #: they are copied to their positions, and not committed
    AFTER_ORDER = "after order"  #: they have positions, and nobody was told
    BEFORE_SEND = "before send"  #: they are read to be published
    IN_SEND = "in send"  #: some are with Kafka, none is acknowledged
    AFTER_SEND = "after send"  #: all are acknowledged, which nobody recorded
    AFTER_RECORD = "after record"  #: how far they are published is committed


def die() -> None:
    """End this process at once, as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def lay(point: ResultPoint, parts: Parts) -> None:
    """Put the trap at its point, around the real adapters."""
    results: Any = _flow(parts.results.order)._results
    log: Any = parts.event_log
    published: Any = _flow(parts.results.publish)._results
    match point:
        case ResultPoint.BEFORE_ORDER:
            results.order = _around(results.order, before=True, when=_some_wait(parts))
        case ResultPoint.IN_ORDER:
            _lay_before_commit(parts, results)
        case ResultPoint.AFTER_ORDER:
            results.order = _around(results.order, when=bool)
        case ResultPoint.BEFORE_SEND:
            log.publish = _of_results(parts, log.publish, before=die)
        case ResultPoint.IN_SEND:
            log.publish = _of_results(parts, log.publish, meanwhile=die)
        case ResultPoint.AFTER_SEND:
            log.publish = _of_results(parts, log.publish, after=die)
        case ResultPoint.AFTER_RECORD:
            published.mark_published = _around(published.mark_published, when=bool)


def _flow(task: LeasedTask[int]) -> Any:
    return task._body.__self__  # type: ignore[attr-defined]


def _some_wait(parts: Parts) -> Callable[[], Any]:
    async def waits() -> bool:
        return bool(await parts.database.rows("SELECT 1 FROM result_outbox LIMIT 1"))

    return waits


def _around(act: Callable[..., Any], *, when: Callable[..., Any], before: bool = False) -> Callable[..., Any]:
    """Die before the act, or after it, if what is then known calls for it."""

    async def trapped(*arguments: Any) -> Any:
        if before and await when():
            die()
        result = await act(*arguments)
        if not before and when(result):
            die()
        return result

    return trapped


def _lay_before_commit(parts: Parts, results: Any) -> None:
    order, transaction, ordering = results.order, parts.database._transaction, False

    async def trapped_order(limit: int) -> Any:
        nonlocal ordering
        ordering = True
        try:
            return await order(limit)
        finally:
            ordering = False

    async def trapped_transaction(connection: Any, unit: Any) -> Any:
        async def until_commit(session: Any) -> Any:
            result = await unit(session)
            if ordering and result and "order" in unit.__qualname__:
                await session.rows("SELECT 1")  # sends what is queued
                die()
            return result

        return await transaction(connection, until_commit)

    results.order = trapped_order
    parts.database._transaction = trapped_transaction  # type: ignore[method-assign]


def _of_results(
    parts: Parts, publish: Callable[..., Any], *, before: Callable[[], None] | None = None, meanwhile: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
) -> Callable[..., Any]:  # fmt: skip
    topic = parts.topics.results.name

    async def trapped(messages: Any) -> Any:
        if not any(message.topic == topic for message in messages):
            return await publish(messages)
        if before is not None:
            before()
        sending = asyncio.ensure_future(publish(messages))
        if meanwhile is not None:
            await asyncio.wait([sending], timeout=0.006)  # just over the time that the producer waits for more
            meanwhile()
        result = await sending
        if after is not None:
            after()
        return result

    return trapped


class ResultsApp(WebApp):
    """The web process with its trap."""

    async def on_start(self) -> None:
        """Lay the trap as soon as there is something to lay it around."""
        await super().on_start()
        if POINT in os.environ:
            lay(ResultPoint(os.environ[POINT]), self.parts)


def __getattr__(name: str) -> ResultsApp:
    """Build the app when Faust asks for it, and once."""
    if name == "app":
        globals()["app"] = built = build_or_exit(ResultsApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
