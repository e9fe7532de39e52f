"""How fast a burst from slow sources is: every one answers after 100 ms, so slots are what a worker needs, not CPU."""

from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import Installation, installed, known_source
from bench.intake.rounds import take_in
from bench.turn import Turn, measure_turn

IMAGES: Final = 6_000
SIZES: Final = (20_000, 100_000)
TARGET: Final = 450
"""Images a second."""
SOURCE_MS: Final = 100
_LEAD: Final = 1_000
_SPARE: Final = 500


def burst() -> None:
    """Measure a burst of each size, and print it."""
    table = Table("images", "images/s", "to hold", "CPU us an image")
    for size in SIZES:
        with installed("structure") as installation:
            turn = measure_burst(installation, size)
        name = f"{size // 1000} kB from sources that take {SOURCE_MS} ms"
        table.add_row(name, f"{turn.per_second:,.0f}", f">= {TARGET}", f"{turn.cpu_us:,.0f}")
    Console(width=120).print(table)


def measure_burst(installation: Installation, size: int) -> Turn:
    """Queue a burst for one worker, and return what its images take, its ends left out."""
    take_in(installation, 0, IMAGES + _LEAD + _SPARE, size, f"&ms={SOURCE_MS}")
    with installation.process("faust_app", **known_source(installation.stack)) as process:
        return measure_turn(installation, process.pid, _LEAD, IMAGES)
