"""What another worker adds: images a second of one, two and four workers on one group, beside as many times one worker."""

import time
from contextlib import ExitStack
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import DONE, Installation, installed, known_source
from bench.intake.rounds import take_in
from bench.sources.burst import SOURCE_MS

WORKERS: Final = (1, 2, 4)
IMAGES: Final = 4_000
_LEAD: Final = 1_500
"""Images before the measure begins: workers that join share the partitions anew."""
_BYTES: Final = 20_000
_CASES: Final = {"sources that answer at once": "", f"sources that take {SOURCE_MS} ms": f"&ms={SOURCE_MS}"}
_PORTS: Final = (0, -1, 8, 12)
"""Beside the worker's port, those of the stack that nobody uses here."""


def scale() -> None:
    """Measure how images a second grow with the workers, and print it."""
    table = Table("images of 20 kB from", "workers", "images/s", "of the ideal")
    for case, query in _CASES.items():
        rates = dict[int, float]()
        for count in WORKERS:
            with installed("structure") as installation:
                rates[count] = measure_rate(installation, count, query)
            ideal = rates[WORKERS[0]] * count
            table.add_row(case, str(count), f"{rates[count]:,.0f}", f"{rates[count] / ideal:.2f}")
        table.add_section()
    Console(width=120).print(table)


def measure_rate(installation: Installation, workers: int, query: str) -> float:
    """Queue images, run so many workers on them, and return images a second of all together."""
    take_in(installation, 0, IMAGES + 2 * _LEAD, _BYTES, query)
    with ExitStack() as running:
        for number in range(workers):
            own = {
                "WORKER_PORT": str(installation.stack.ports.worker + _PORTS[number]),
                "DATA_DIR": str(installation.folder / f"faust-{number}"),
                **known_source(installation.stack),
            }
            running.enter_context(installation.process("faust_app", f"worker-{number}", **own))
        installation.until(DONE, _LEAD)
        before, begun = installation.query(DONE), time.monotonic()
        installation.until(DONE, before + IMAGES)
        return (installation.query(DONE) - before) / (time.monotonic() - begun)
