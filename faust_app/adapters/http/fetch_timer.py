"""The time that one fetch has: for all of it, and for its body as fast as it comes."""

import asyncio
from types import TracebackType
from typing import Final, Self

from faust_app.core.failure import FailureCode, Transient
from faust_app.core.sources.response import Pace

_TOO_EARLY: Final = 0.001
"""Seconds by which a timer may fire before its time."""


class FetchTimer:
    """Ends what runs in its context after `seconds` by TimeoutError, and a body slower than `pace` by Transient.

    Set `received`, the bytes of the body, with every piece. The timer is set again only when it fires, not with every piece: a fetch that
    ends within the grace sets one in all.
    """

    __slots__ = ("_began", "_cancelling", "_cancels", "_ends", "_loop", "_pace", "_seconds", "_task", "_timer", "received")

    def __init__(self, seconds: float, pace: Pace) -> None:
        self._seconds = seconds
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._began: float | None = None
        self._ends = 0.0
        self._cancels = False
        self._cancelling = 0
        self._timer: asyncio.TimerHandle
        self.received = 0

    def body_begins(self) -> None:
        """Time the body from now on."""
        self._began = self._loop.time()

    def __enter__(self) -> Self:
        if self._task is None:
            raise AssertionError("a fetch runs in a task")
        now = self._loop.time()
        self._cancelling = self._task.cancelling()
        self._ends = now + self._seconds
        self._timer = self._loop.call_at(self._next_check(now), self._check)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _frames: TracebackType | None) -> None:
        self._timer.cancel()
        # A cancelled task keeps its error, whose frames hold this: a cycle with the bytes of the image in it.
        task, self._task = self._task, None
        if not self._cancels or task is None:
            return
        # As `asyncio.timeout` does: a cancellation that came from outside as well goes on.
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            if self._body_is_due() > self._ends:
                raise TimeoutError from error
            patience = self._pace.patience(self.received)
            raise Transient(FailureCode.SOURCE_TOO_SLOW, f"The source sent {self.received} bytes in {patience:.0f} s.") from error

    def _check(self) -> None:
        now = self._loop.time()
        if min(self._ends, self._body_is_due()) - now > _TOO_EARLY:
            self._timer = self._loop.call_at(self._next_check(now), self._check)
        elif self._task is not None:
            self._cancels = True
            self._task.cancel()

    def _next_check(self, now: float) -> float:
        """Return when the fetch may be over at the earliest: a body that begins after this check is not due before its grace is over."""
        return min(self._ends, self._body_is_due(), now + self._pace.grace if self._began is None else float("inf"))

    def _body_is_due(self) -> float:
        return float("inf") if self._began is None else self._began + self._pace.patience(self.received)
