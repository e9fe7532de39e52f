"""The time that one fetch has: for all of it, and for its body as fast as it comes."""

from types import TracebackType
from typing import Final, Self

from faust_app.core.failure import FailureCode, Transient
from faust_app.core.sources.response import Pace
from faust_app.task_timer import TaskTimer

_TOO_EARLY: Final = 0.001
"""Seconds by which a timer may fire before its time."""


class FetchTimer(TaskTimer):
    """Ends what runs in its context after `seconds` by TimeoutError, and a body slower than `pace` by Transient.

    Set `received`, the bytes of the body, with every piece. The timer is set again only when it fires, not with every piece: a fetch that
    ends within the grace sets one in all.
    """

    __slots__ = ("_began", "_ends", "_pace", "_seconds", "received")

    def __init__(self, seconds: float, pace: Pace) -> None:
        super().__init__()
        self._seconds = seconds
        self._pace = pace
        self._began: float | None = None
        self._ends = 0.0
        self.received = 0

    def body_begins(self) -> None:
        """Time the body from now on."""
        self._began = self._loop.time()

    def __enter__(self) -> Self:
        self._begin()
        now = self._loop.time()
        self._ends = now + self._seconds
        self._timer = self._loop.call_at(self._next_check(now), self._check)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _frames: TracebackType | None) -> None:
        ended_by_timer = self._cancels and self._ended_by_timer(kind)
        self.close()
        if ended_by_timer:
            raise self._failure() from error

    def _check(self) -> None:
        now = self._loop.time()
        if min(self._ends, self._body_is_due()) - now > _TOO_EARLY:
            self._timer = self._loop.call_at(self._next_check(now), self._check)
        else:
            self._strike()

    def _failure(self) -> TimeoutError | Transient:
        if self._body_is_due() > self._ends:
            return TimeoutError()
        patience = self._pace.patience(self.received)
        return Transient(FailureCode.SOURCE_TOO_SLOW, f"The source sent {self.received} bytes in {patience:.0f} s.")

    def _next_check(self, now: float) -> float:
        """Return when the fetch may be over at the earliest: a body that begins after this check is not due before its grace is over."""
        return min(self._ends, now + self._pace.grace if self._began is None else self._body_is_due())

    def _body_is_due(self) -> float:
        return float("inf") if self._began is None else self._began + self._pace.patience(self.received)
