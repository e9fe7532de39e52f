"""What intake, a worker's memory, a PUT and failures take, each alone on the machine; printed as one table."""

import os
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import installed
from bench.intake.catalogue import measure_intake
from bench.intake.put_latency import measure_put_latency
from bench.worker.failures import DEAD, DUE, SCHEDULED, FailureFigures, measure_failures
from bench.worker.memory import PEAK, measure_queued

IMAGES: Final = 120_000
BYTES: Final = 100_000
STORED: Final = 10_000
"""The images that the worker stores; the others stay queued."""


def alone() -> None:
    """Measure intake, a worker's memory, PUT and failures; each figure is printed beside its target."""
    table = Table("what", "measured", "target")
    console = Console()
    with installed() as installation:
        console.print(f"importing a catalogue of {IMAGES:,} images ...")
        table.add_row(
            f"intake of {IMAGES:,} rows from a catalogue", f"{measure_intake(installation, IMAGES, BYTES):,.0f} images/s", ">= 5,000"
        )
        console.print("a worker with all of them queued ...")
        turn, megabytes = measure_queued(installation, STORED)
        table.add_row("worker, 100 kB JPEG, level structure", f"{turn.per_cpu_second:,.0f} images per CPU-second", "")
        table.add_row("worker, images a second", f"{turn.per_second:,.0f}", "")
        table.add_row(f"worker's peak memory with {IMAGES:,} events queued", f"{megabytes:,.0f} MiB", f"<= {PEAK} MiB")
        console.print("PUTs at a steady rate, the other images still queued ...")
        os.sync()  # the gigabyte that was stored is on the database's disk here: a commit would wait behind it
        with installation.process("faust_app.web_app"):
            p50, p99 = measure_put_latency(installation)
        table.add_row("PUT to the 202 at 200/s beside what is queued, p50 / p99", f"{p50:.1f} / {p99:.1f} ms", "p99 <= 20 ms")
        console.print("retries, due rows and dead letters ...")
        _add_failures(table, measure_failures(installation))
    console.print(table)


def _add_failures(table: Table, figures: FailureFigures) -> None:
    table.add_row(
        f"lateness of a retry's stored image, p50 / p99, beside {SCHEDULED:,} scheduled rows",
        f"{figures.late_p50:.2f} / {figures.late_p99:.2f} s",
        "p99 <= 2 s",
    )
    table.add_row("lateness of the earliest retry", f"{figures.earliest:.3f} s", ">= 0")
    table.add_row(f"{DUE:,} due rows to Kafka by one process", f"{figures.due_per_second:,.0f} rows/s", ">= 2,000")
    table.add_row(f"{DEAD:,} dead letters", f"{figures.dead_letter_seconds:.1f} s", "<= 60 s")
