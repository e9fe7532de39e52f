"""Prints the contenders as one table, with the ratios that the product is measured by."""

from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.contenders.rounds import BARE, BARE_PILLOW, BATCHES, DECODE, FAUST, STRUCTURE, WORKERS, Figures, measure_contenders
from bench.figures import spread

ROUNDS: Final = 9
DECODE_US: Final = 1_200
"""What a full decode may cost above the check of the structure, in microseconds of CPU an image."""


@dataclass(frozen=True)
class Ratio:
    """Images per CPU-second of one contender divided by those of another, and what it has to be at least."""

    ours: str
    theirs: str
    target: float | None = None

    def rounds(self, figures: dict[str, Figures]) -> list[float]:
        """Return it round by round."""
        pairs = zip(figures[self.ours].turns, figures[self.theirs].turns, strict=True)
        return [mine.per_cpu_second / other.per_cpu_second for mine, other in pairs]


RATIOS: Final = (
    Ratio(STRUCTURE, BARE, 1.5),
    Ratio(DECODE, BARE_PILLOW, 1.0),
    Ratio(STRUCTURE, FAUST, 2.2),
    Ratio(STRUCTURE, BATCHES, 2.1),
    Ratio(STRUCTURE, WORKERS),
)


def contenders(rounds: int = ROUNDS) -> None:
    """Measure who moves an image with the least CPU, and print it; medians over the rounds."""
    figures = measure_contenders(rounds)
    console = Console(width=150)
    table = Table("who, 100 kB JPEG", "images per CPU-second", "CPU us an image", "images/s", "peak memory, MiB")
    for name, found in figures.items():
        shown = (found.per_cpu_second, found.cpu_us, found.per_second, found.megabytes)
        table.add_row(name, *(f"{each:,.0f}" for each in shown))
    console.print(table)
    console.print(ratios(figures))


def ratios(figures: dict[str, Figures]) -> Table:
    """Return the ratios as a table: the median of the rounds, the smallest and the largest."""
    table = Table("ratio of images per CPU-second", f"median of {len(figures[STRUCTURE].turns)} rounds", "to hold")
    for ratio in RATIOS:
        target = "" if ratio.target is None else f">= {ratio.target}"
        table.add_row(f"{ratio.ours} / {ratio.theirs}", spread(ratio.rounds(figures), ".2f"), target)
    above = [many.cpu_us - few.cpu_us for many, few in zip(figures[DECODE].turns, figures[STRUCTURE].turns, strict=True)]
    table.add_row("decode above structure, us an image", spread(above, ",.0f"), f"<= {DECODE_US:,}")
    return table
