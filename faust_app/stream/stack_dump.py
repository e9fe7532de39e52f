"""Logs where a process is stuck: the stacks of its tasks and threads, identical ones once."""

import asyncio
import logging
import signal
import sys
import threading
import traceback
from collections import defaultdict
from collections.abc import Iterable
from types import FrameType
from typing import Any, Final

import structlog

log = structlog.get_logger()

_FRAMES: Final = 30
_NAMED: Final = 5
_MOST: Final = 200
"""Distinct stacks logged at most; there are fewer kinds of tasks than this, however many tasks."""


def log_stacks_on_signal(loop: asyncio.AbstractEventLoop) -> None:
    """Have SIGUSR1 log all stacks: `kill -USR1` shows an operator what a process does, and disturbs nothing."""
    loop.add_signal_handler(signal.SIGUSR1, lambda: log_stacks(loop, logging.INFO))


def log_stacks(loop: asyncio.AbstractEventLoop, level: int = logging.ERROR) -> None:
    """Log the stack of every task of the loop and of every thread; callable from any thread.

    From another thread each stack is consistent in itself, but they are not taken at the same moment.
    """
    for stack, names in _grouped((task.get_name(), _task_stack(task)) for task in asyncio.all_tasks(loop)):
        log.log(level, "stack of tasks", tasks=len(names), names=names[:_NAMED], frames=stack)
    names_of = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames().items()  # noqa: SLF001 - the documented way to all threads
    for stack, names in _grouped((names_of.get(ident, "?"), _frame_stack(frame)) for ident, frame in frames):
        log.log(level, "stack of threads", threads=len(names), names=names[:_NAMED], frames=stack)


def _grouped(stacks: Iterable[tuple[str, tuple[str, ...]]]) -> list[tuple[list[str], list[str]]]:
    """Return each distinct stack with the names of those in it, most common first."""
    names: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, stack in stacks:
        names[stack].append(name)
    common = sorted(names.items(), key=lambda item: -len(item[1]))
    return [(list(stack), who) for stack, who in common[:_MOST]]


def _task_stack(task: "asyncio.Task[Any]") -> tuple[str, ...]:
    """Return where a task waits, through the chain of awaited coroutines, which `Task.get_stack` leaves out."""
    found: list[str] = []
    awaited: Any = task.get_coro()
    while awaited is not None and len(found) < _FRAMES:
        frame: FrameType | None = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is None:
            break
        found.append(_line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname))
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return tuple(found)


def _frame_stack(frame: FrameType) -> tuple[str, ...]:
    return tuple(_line(each.filename, each.lineno or 0, each.name) for each in traceback.extract_stack(frame)[-_FRAMES:])


def _line(file: str, line: int, name: str) -> str:
    return f"{'/'.join(file.split('/')[-3:])}:{line} {name}"
