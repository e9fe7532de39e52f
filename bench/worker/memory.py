"""How much memory a worker takes: its peak with many events queued, and whether it stays flat over hundreds of thousands of images."""

import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import DONE, Installation, installed, peak_megabytes, resident_megabytes
from bench.intake.catalogue import import_images
from bench.turn import Turn, measure_turn

IMAGES: Final = 500_000
PEAK: Final = 250
"""MiB that a worker may take with 120,000 events queued."""
FLAT: Final = 10
"""MiB by which the last tenth of the images may lie above the second: in the first a worker still warms up."""
_BYTES: Final = 5_000
_WARM: Final = 2_000
_SAMPLE_SECONDS: Final = 1.0
_TENTHS: Final = 10
_LIMIT: Final = 7_200.0


@dataclass(frozen=True)
class Growth:
    """MiB by which the median of one tenth of the images lies above that of an earlier one."""

    earlier: int
    later: int
    megabytes: float


def measure_queued(installation: Installation, images: int) -> tuple[Turn, float]:
    """Run a worker on the images queued for shop 1 until so many are stored; return what they took, and its peak memory in MiB."""
    with installation.process("faust_app") as process:
        return measure_turn(installation, process.pid, _WARM, images), peak_megabytes(process.pid)


def memory(images: int = IMAGES) -> None:
    """Measure a worker's memory over so many images, all queued when it starts, and print it by tenths."""
    console, table = Console(width=120), Table("what", "measured", "to hold")
    with installed("structure") as installation:
        console.print(f"importing {images:,} images ...")
        import_images(installation, images, _BYTES)
        tenths, peak = _tenths(installation, images)
    growth = growth_of(tenths)
    if growth is None:
        sys.exit(f"bench memory: {images:,} images were stored before two tenths behind the first were seen; measure more")
    for number, samples in tenths.items():
        table.add_row(f"resident memory in tenth {number}, median", f"{median(samples):,.1f} MiB", "")
    table.add_row(
        f"growth from tenth {growth.earlier} to tenth {growth.later} of {images:,} images", f"{growth.megabytes:,.1f} MiB", f"<= {FLAT} MiB"
    )
    table.add_row("peak", f"{peak:,.0f} MiB", "")
    console.print(table)


def growth_of(tenths: Mapping[int, Sequence[float]]) -> Growth | None:
    """Return the growth from the earliest tenth behind the first to the latest; None where fewer than two of these have samples.

    `tenths` has samples in MiB by the number of their tenth, from 1.
    """
    seen = sorted(number for number in tenths if number > 1)
    if len(seen) < 2:  # noqa: PLR2004 - from one to another
        return None
    return Growth(seen[0], seen[-1], median(tenths[seen[-1]]) - median(tenths[seen[0]]))


def _tenths(installation: Installation, images: int) -> tuple[Mapping[int, Sequence[float]], float]:
    """Return samples of the worker's resident memory by the number of their tenth of the images, from 1, and its peak, in MiB."""
    tenths = defaultdict[int, list[float]](list)
    limit = time.monotonic() + _LIMIT
    with installation.process("faust_app") as process:
        while (done := installation.query(DONE)) < images:
            installation.refuse_ended()
            if time.monotonic() > limit:
                raise TimeoutError(f"{images - done:,} images are left")
            tenths[1 + done * _TENTHS // images].append(resident_megabytes(process.pid))
            time.sleep(_SAMPLE_SECONDS)
        return tenths, peak_megabytes(process.pid)
