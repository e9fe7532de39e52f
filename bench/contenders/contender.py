"""A process that moves images, stopped whenever it is not its turn, and what a turn of it costs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bench.installation import Installation, children, cpu_seconds_of_family, peak_megabytes
from bench.turn import Turn, resumed, stopped

_TURN_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.03
_END_SECONDS: Final = 30.0


class Contender:
    """One that moves images on an installation; `moved` counts, in SQL, the images that it has moved."""

    def __init__(self, name: str, installation: Installation, moved: str, objects: str) -> None:
        self.name = name
        self.installation = installation
        self.moved = moved
        self.objects = objects
        """Selects the keys of the objects that have to be in the bucket."""
        self.process: subprocess.Popen[bytes]

    def turn(self, lead: int, images: int) -> Turn:
        """Resume until lead and images are moved, stop, and return what the images took.

        The lead is not measured: what a process makes up for after a stop, such as its periodic work, falls into it. Raises TimeoutError,
        and RuntimeError where the process has ended.
        """
        pid, before = self.process.pid, self.installation.query(self.moved)
        with resumed(self.process):
            led = self._until(before + lead)
            cpu, begun = cpu_seconds_of_family(pid), time.monotonic()
            moved = self._until(before + lead + images)
            seconds = time.monotonic() - begun
        return Turn(moved - led, seconds, cpu_seconds_of_family(pid) - cpu)

    def _until(self, target: int) -> int:
        """Wait until so many images are moved; return how many are."""
        limit = time.monotonic() + _TURN_SECONDS
        while (moved := self.installation.query(self.moved)) < target:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended:\n{self._printed()}")
            if time.monotonic() > limit:
                raise TimeoutError(f"{self.name} does not finish its turn:\n{self._printed()}")
            time.sleep(_POLL_SECONDS)
        return moved

    def megabytes(self) -> float:
        """Return the peak memory of the process and the children it has, in MiB."""
        return sum(map(peak_megabytes, (self.process.pid, *children(self.process.pid))))

    def _printed(self) -> str:
        return self.installation.log(self.name)[-6000:]


@contextmanager
def running(contender: Contender, command: Sequence[str]) -> Iterator[Contender]:
    """Run the contender's process, stopped at once; `command` are the words behind `python -m`."""
    installation = contender.installation
    with installation.started(contender.name, [sys.executable, "-m", *command]) as process:
        contender.process = process
        try:
            with stopped(process):
                yield contender
        finally:
            if process.poll() is None:
                family = children(process.pid)
                process.terminate()
                _end(process)
                _kill(family)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait until the process has ended; kill one that does not, since its turns are measured already."""
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _kill(pids: Sequence[int]) -> None:
    """Kill what is left of a family: not every parent ends its children."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended with its parent
