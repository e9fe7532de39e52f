"""Takes turns with processes that are measured beside each other, and measures what the images of one turn take of a process.

A turn is measured behind a lead, so that what a process makes up for first is left out.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen
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
def stopped(process: "Popen[bytes]") -> Iterator[None]:
    """Stop the process for the block, and resume it afterwards; one that has ended is left alone."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def resumed(process: "Popen[bytes]") -> Iterator[None]:
    """Resume a stopped process for the block, and stop it again afterwards; one that has ended is left alone."""
    process.send_signal(signal.SIGCONT)
    try:
        yield
    finally:
        process.send_signal(signal.SIGSTOP)
