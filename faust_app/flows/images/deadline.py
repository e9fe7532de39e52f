"""The time that one event has, as one timer for all its steps."""

import asyncio
from enum import Enum, auto
from types import TracebackType
from typing import Self, assert_never

from faust_app.core.failure import Dependency, Failure, FailureCode, Transient, Unavailable


class Wait(Enum):
    """What an event waits for in a step that its deadline may end."""

    ROW = auto()
    SOURCE = auto()
    STORAGE = auto()


class Deadline:
    """Ends a step that is under way at the time `at` (of the event loop's clock), with the failure of what it waits for.

    Outside of a step it ends nothing, and the next step fails at its start. Made, used and closed by one task.
    """

    __slots__ = ("_cancelling", "_cancels", "_is_past", "_task", "_timer", "_wait")

    def __init__(self, at: float) -> None:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_at(at, self._strike)
        self._wait: Wait | None = None
        self._is_past = False
        self._cancels = False
        self._cancelling = 0

    def during(self, wait: Wait) -> Self:
        """Return the deadline as the context of a step. Raises the failure of what is waited for."""
        self._wait = wait
        return self

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()
        self._task = None  # a cancelled task keeps its error, whose frames hold this: a cycle with the bytes of the image in it

    def __enter__(self) -> None:
        if self._wait is None or self._task is None:
            raise AssertionError("a step says what it waits for, and runs in a task")
        if self._is_past:
            wait, self._wait = self._wait, None
            raise _failure(wait)
        self._cancelling = self._task.cancelling()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _frames: TracebackType | None) -> None:
        wait, self._wait = self._wait, None
        if not self._cancels or self._task is None or wait is None:
            return
        self._cancels = False
        # As `asyncio.timeout` does: a cancellation that came from outside as well goes on.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise _failure(wait) from error

    def _strike(self) -> None:
        self._is_past = True
        if self._wait is not None and self._task is not None:
            self._cancels = True
            self._task.cancel()


def _failure(wait: Wait) -> Failure:
    """Return whose failure it is that the event took too long."""
    match wait:
        case Wait.ROW:
            return Unavailable(Dependency.DATABASE, "The row was not loaded before its deadline.")
        case Wait.SOURCE:
            return Transient(FailureCode.SOURCE_TIMEOUT, "The image was not fetched before its deadline.", silent=True)
        case Wait.STORAGE:
            return Unavailable(Dependency.STORAGE, "The image was not stored before its deadline.")
        case _:
            assert_never(wait)
