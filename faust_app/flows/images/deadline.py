"""The time that one event has, as one timer for all its steps."""

from enum import Enum, auto
from types import TracebackType
from typing import Self, assert_never

from faust_app.core.failure import Dependency, Failure, FailureCode, Transient, Unavailable
from faust_app.task_timer import TaskTimer


class Wait(Enum):
    """What an event waits for in a step that its deadline may end."""

    ROW = auto()
    SOURCE = auto()
    STORAGE = auto()


class Deadline(TaskTimer):
    """Ends a step that is under way at the time `at` (of the event loop's clock), with the failure of what it waits for.

    Outside of a step it ends nothing, and the next step fails at its start.
    """

    __slots__ = ("_is_past", "_wait")

    def __init__(self, at: float) -> None:
        super().__init__()
        self._wait: Wait | None = None
        self._is_past = False
        self._timer = self._loop.call_at(at, self._pass)

    def during(self, wait: Wait) -> Self:
        """Return the deadline as the context of a step. Raises the failure of what is waited for."""
        self._wait = wait
        return self

    def __enter__(self) -> None:
        if self._wait is None:
            raise AssertionError("a step says what it waits for")
        if self._is_past:
            wait, self._wait = self._wait, None
            raise _failure(wait)
        self._begin()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _frames: TracebackType | None) -> None:
        wait, self._wait = self._wait, None
        if self._cancels and self._ended_by_timer(kind) and wait is not None:
            raise _failure(wait) from error

    def _pass(self) -> None:
        self._is_past = True
        if self._wait is not None:
            self._strike()


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
