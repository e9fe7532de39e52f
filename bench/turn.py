"""Turns of processes that are measured beside each other, and what the images of one turn take of a process.

A turn is measured behind a lead, so that what a process makes up for first is left out.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic

from bench.installation import DONE, Installation, cpu_seconds_of_family


@dataclass(frozen=True)
class Turn:
    """What one turn took: images, seconds by the clock, CPU-seconds of the process and all its children."""

    images: int
    seconds: float
    cpu: float

    @property
    def per_second(self) -> float:
        """Images a second."""
        return self.images / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Images per CPU-second."""
        return self.images / self.cpu

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU an image."""
        return self.cpu / self.images * 1e6


def measure_turn(installation: Installation, pid: int, lead: int, images: int) -> Turn:
    """Wait until the worker of an installation has stored the lead, and return what the next images take."""
    installation.until(DONE, lead)
    before, cpu, begun = installation.query(DONE), cpu_seconds_of_family(pid), monotonic()
    installation.until(DONE, before + images)
    stored, seconds = installation.query(DONE) - before, monotonic() - begun
    return Turn(stored, seconds, cpu_seconds_of_family(pid) - cpu)


@contextmanager
def held(pid: int) -> Iterator[None]:
    """Stop a process whenever it is not its turn; it goes on at the end."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pid, signal.SIGCONT)


@contextmanager
def its_turn(pid: int) -> Iterator[None]:
    """Let a held process go on, and stop it again at the end."""
    os.kill(pid, signal.SIGCONT)
    try:
        yield
    finally:
        _signal(pid, signal.SIGSTOP)


def _signal(pid: int, number: signal.Signals) -> None:
    """Signal a process, if it has not ended: why it did is what is to be told."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
