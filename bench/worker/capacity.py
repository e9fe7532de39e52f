"""What one worker and one import can do, for the capacity table: by CPU, which a busy machine changes little, and by the clock."""

from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import Installation, children, installed, known_source, peak_megabytes
from bench.intake.catalogue import measure_intake
from bench.turn import measure_turn

IMAGES: Final = 12_000
BYTES: Final = 100_000
WARM: Final = 2_000


@dataclass(frozen=True)
class CapacityFigures:
    """An import's rows a second; a worker's images a second and per CPU-second, its children's included; their peak memory in MiB."""

    rows_per_second: float
    images_per_second: float
    images_per_cpu_second: float
    megabytes: float
    children_megabytes: float


def capacity() -> None:
    """Measure what one worker can do at each level of the image check."""
    table = Table("level", "import, rows/s", "images/s", "images per CPU-second", "worker, MiB", "its children, MiB")
    for level in ("structure", "decode"):
        with installed(level) as installation:
            found = measure_capacity(installation)
        shown = (found.rows_per_second, found.images_per_second, found.images_per_cpu_second, found.megabytes, found.children_megabytes)
        table.add_row(level, *(f"{each:,.0f}" for each in shown))
    Console().print(table)


def measure_capacity(installation: Installation) -> CapacityFigures:
    """Import a catalogue, then have one worker store it."""
    rows = measure_intake(installation, IMAGES, BYTES)
    with installation.process("faust_app", **known_source(installation.stack)) as process:
        turn = measure_turn(installation, process.pid, WARM, IMAGES - 2 * WARM)
        of_children = sum(map(peak_megabytes, children(process.pid)))
        return CapacityFigures(rows, turn.per_second, turn.per_cpu_second, peak_megabytes(process.pid), of_children)
