"""How much memory a worker takes: its peak with many events queued, and whether it stays flat over hundreds of thousands of images."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import DONE, Installation, cpu_seconds_of_family, installed, peak_megabytes, resident_megabytes
from bench.intake.catalogue import import_images

IMAGES: Final = 500_000
PEAK: Final = 250
"""MiB that a worker may take with 120,000 events queued."""
FLAT: Final = 10
"""MiB by which the last tenth of the images may lie above the second."""
_BYTES: Final = 5_000
_WARM: Final = 2_000
_SAMPLE_SECONDS: Final = 1.0
_TENTHS: Final = 10
_LIMIT: Final = 7_200.0


@dataclass(frozen=True)
class QueuedFigures:
    """A worker with many events queued: images per CPU-second with its children's, images a second, peak memory in MiB."""

    per_cpu_second: float
    per_second: float
    megabytes: float


def measure_queued(installation: Installation, images: int) -> QueuedFigures:
    """Run a worker on the images queued for shop 1 until so many are stored; the others stay queued."""
    with installation.process("faust_app") as process:
        installation.until(DONE, _WARM)
        before, used, begun = installation.query(DONE), cpu_seconds_of_family(process.pid), time.monotonic()
        installation.until(DONE, before + images)
        stored, seconds = installation.query(DONE) - before, time.monotonic() - begun
        cpu = cpu_seconds_of_family(process.pid) - used
        return QueuedFigures(stored / cpu, stored / seconds, peak_megabytes(process.pid))


def memory(images: int = IMAGES) -> None:
    """Measure a worker's memory over so many images, all queued when it starts, and print it by tenths."""
    console, table = Console(width=120), Table("what", "measured", "to hold")
    with installed("structure") as installation:
        console.print(f"importing {images:,} images ...")
        import_images(installation, images, _BYTES)
        tenths, peak = _tenths(installation, images)
    for number, samples in enumerate(tenths, 1):
        table.add_row(f"resident memory in part {number} of {len(tenths)}, median", f"{median(samples):,.1f} MiB", "")
    growth = median(tenths[-1]) - median(tenths[1])
    table.add_row(f"growth from the second to the last part of {images:,} images", f"{growth:,.1f} MiB", f"<= {FLAT} MiB")
    table.add_row("peak", f"{peak:,.0f} MiB", f"<= {PEAK} MiB")
    console.print(table)


def _tenths(installation: Installation, images: int) -> tuple[Sequence[Sequence[float]], float]:
    """Return samples of the worker's resident memory by tenths of the images, those it was seen in, and its peak, in MiB."""
    tenths: list[list[float]] = [[] for _ in range(_TENTHS)]
    limit = time.monotonic() + _LIMIT
    with installation.process("faust_app") as process:
        while (done := installation.query(DONE)) < images:
            installation.refuse_ended()
            if time.monotonic() > limit:
                raise TimeoutError(f"{images - done:,} images are left")
            tenths[done * _TENTHS // images].append(resident_megabytes(process.pid))
            time.sleep(_SAMPLE_SECONDS)
        return [each for each in tenths if each], peak_megabytes(process.pid)
