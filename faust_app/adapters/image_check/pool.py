"""Checks images in a few child processes, so a malicious image can crash at most one child process.

One child has one image at a time: the one that was in a child's hands when it died is the one to blame.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import structlog

from faust_app.adapters.image_check.channel import Channel
from faust_app.adapters.image_check.check import simple_structure
from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.sources.content import ImageFacts
from faust_app.metrics import Metrics

log = structlog.get_logger()

Level = Literal["structure", "decode"]
_LEVELS: Final[dict[Level, int]] = {"structure": 0, "decode": 1}
_STARTS: Final = 3
"""Tries to start a child: when memory is short, one may be killed before it serves."""
_FACTS: Final = 4
_CODES: Final = {code.value: code for code in FailureCode}


class ChildError(Exception):
    """No child can be started. It is our own fault, so no image fails because of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one image may take: bytes of address space, seconds of CPU, seconds in all."""

    memory: int = 1024**3
    cpu: int = 10
    wall: float = 20.0


@dataclass(frozen=True, slots=True)
class _Died:
    """The child did not live to answer."""

    reason: str
    final: bool = False
    """Whether another child would fare no better: the limit is the image's own."""


@dataclass(frozen=True, slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    channel: Channel


class CheckPool:
    """Implements `flows.ports.transfer.ImageCheck` with at most `processes` children; images wait for a free one.

    A child that dies or hangs is replaced, and its image given once more to a new child that has nothing else behind it.
    `program` is the module the children run.
    """

    def __init__(
        self, level: Level, processes: int, metrics: Metrics | None = None, *, limits: Limits = Limits(),
        program: str = "faust_app.adapters.image_check.child",
    ) -> None:  # fmt: skip
        self._level: Level = level
        self._processes = processes
        self._limits = limits
        self._program = program
        self._free = asyncio.Semaphore(processes)
        self._idle: list[_Child] = []
        self._busy = 0
        self._metrics = metrics or Metrics()
        self._metrics.children.labels("busy").set_function(lambda: self._busy)
        self._metrics.children.labels("alive").set_function(lambda: self._busy + len(self._idle))
        self._ended: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        try:
            for _ in range(self._processes):
                self._idle.append(await self._start())
        except BaseException:
            await self._close()  # a context that was not entered is not left either
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._close()

    async def _close(self) -> None:
        for child in self._idle:
            self._end(child)
        self._idle.clear()
        for process in self._ended:
            await asyncio.to_thread(process.wait)
        self._ended.clear()

    async def check(self, content: bytes) -> ImageFacts:
        """Return the facts of a storable image. Raises Permanent for one that is not, ChildError if no child can be started."""
        if self._level == "structure" and (facts := simple_structure(content)) is not None:
            return facts
        async with self._free:
            answer = await self._ask(self._idle.pop() if self._idle else await self._start_again(), content)
            if isinstance(answer, _Died) and not answer.final:
                log.warning("a child died over an image; trying it once more", reason=answer.reason, bytes=len(content))
                answer = await self._ask(await self._start_again(), content)
        if isinstance(answer, _Died):
            log.warning("an image ends every child it is given to", reason=answer.reason, bytes=len(content))
            raise Permanent(FailureCode.CHECK_CRASHED, answer.reason)
        if isinstance(answer, Permanent):
            raise answer
        return answer

    async def _ask(self, child: _Child, content: bytes) -> ImageFacts | Permanent | _Died:
        """Give the image to the child, which goes back to the idle ones if it answers and is ended if it does not."""
        self._busy += 1
        try:
            return await self._answer_of(child, content)
        finally:
            self._busy -= 1

    async def _answer_of(self, child: _Child, content: bytes) -> ImageFacts | Permanent | _Died:
        try:
            async with asyncio.timeout(self._limits.wall):
                answer = _answer(json.loads(await child.channel.ask(_LEVELS[self._level], content)))
        except TimeoutError:
            self._end(child)
            return _Died(f"A child did not answer within {self._limits.wall:.0f} s.")
        except (ValueError, KeyError):
            self._end(child)
            return _Died("A child gave no valid answer.")
        except (OSError, EOFError):
            self._end(child)
            return _died(await asyncio.to_thread(child.process.wait))
        except BaseException:
            self._end(child)  # cancelled in the middle: its answer would be taken for that of the next image
            raise
        self._idle.append(child)
        return answer

    async def _start_again(self) -> _Child:
        self._metrics.children_restarted.inc()
        return await self._start()

    async def _start(self) -> _Child:
        """Start a child and wait until it serves: one that does not get so far is our own fault, and no image's."""
        self._ended = [process for process in self._ended if process.poll() is None]
        for _ in range(_STARTS):
            child = self._popen()
            try:
                async with asyncio.timeout(self._limits.wall):
                    await child.channel.ready()
            except (OSError, EOFError):  # a TimeoutError is one
                self._end(child)
            except BaseException:
                self._end(child)
                raise
            else:
                return child
        raise ChildError(f"children of {self._program} do not start")

    def _popen(self) -> _Child:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", self._program, str(self._limits.memory), str(self._limits.cpu)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        return _Child(process, Channel(ours))

    def _end(self, child: _Child) -> None:
        child.channel.close()
        child.process.kill()
        self._ended.append(child.process)


def _environment() -> dict[str, str]:
    """Return the environment of a child: where its code is, and none of our secrets."""
    return {"PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path), "MALLOC_ARENA_MAX": "1"}  # noqa: PTH100 - '' too


def _answer(values: Any) -> ImageFacts | Permanent:
    """Read an answer as strictly as any input: the child may be controlled by an image."""
    match values:
        case [str(content_type), str(extension), int(width), int(height)] if len(values) == _FACTS:
            return ImageFacts(content_type, extension, width, height)
        case [str(code), str(detail)]:
            return Permanent(_CODES[code], detail)
        case _:
            raise ValueError("no answer")


def _died(status: int) -> _Died:
    """Return why a child ended; its status is negative after a signal."""
    if status == -signal.SIGXCPU:
        return _Died("The image takes more CPU than it may.", final=True)
    if status < 0:
        return _Died(f"The child was ended by {signal.Signals(-status).name}.")
    return _Died(f"The child ended with status {status}.")
