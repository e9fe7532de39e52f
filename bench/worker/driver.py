"""What another driver of the database would save a settle: asyncmy in the place of aiomysql, in turns on one installation."""

from typing import Final

from rich.console import Console
from rich.table import Table

from bench.figures import spread
from bench.installation import Installation, installed
from bench.worker.settle import measure_settle

PAIRS: Final = 9
_OTHER: Final = "from devstack.other_driver import replace_driver; replace_driver()"


def driver(pairs: int = PAIRS) -> None:
    """Measure settles with either driver, and print what the other one does of what ours does."""
    with installed() as installation:
        shares = measure_drivers(installation, pairs)
    table = Table("settle by asyncmy, of what it does by aiomysql", "measured")
    for what, of in zip(("images a second", "images per CPU-second"), zip(*shares, strict=True), strict=True):
        table.add_row(what, f"{spread(of, '.3f')}, {len(of)} pairs")
    Console(width=150).print(table)


def measure_drivers(installation: Installation, pairs: int) -> list[tuple[float, float]]:
    """Return, pair by pair, the other driver's images a second and images per CPU-second divided by ours; the first pair warms up."""
    shares = []
    for number in range(pairs + 1):
        ours = measure_settle(installation, 2 * number + 1)
        other = measure_settle(installation, 2 * number + 2, first=_OTHER)
        shares.append((other[0] / ours[0], other[1] / ours[1]))
    return shares[1:]
