"""What intake, a worker, a PUT and failures take, each alone on the machine; printed as one table."""

from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import installed
from bench.intake.catalogue import measure_intake
from bench.intake.put_latency import measure_put_latency
from bench.worker.failures import DEAD, DUE, SCHEDULED, FailureFigures, measure_failures
from bench.worker.memory import measure_worker

IMAGES: Final = 120_000
BYTES: Final = 100_000


def alone() -> None:
    """Measure intake, worker, PUT and failures; each figure is printed beside its target."""
    table = Table("what", "measured", "target")
    console = Console()
    with installed() as installation:
        console.print(f"importing a catalogue of {IMAGES:,} images ...")
        table.add_row(
            f"intake of {IMAGES:,} rows from a catalogue", f"{measure_intake(installation, IMAGES, BYTES):,.0f} images/s", ">= 3,000"
        )
        console.print("a worker and the bare loop take turns ...")
        worker = measure_worker(installation)
        table.add_row("worker, 100 kB JPEG, level structure", f"{worker.images_per_cpu_second:,.0f} images per CPU-second", "")
        table.add_row("bare aiohttp + aioboto3 + aiomysql loop", f"{worker.bare_per_cpu_second:,.0f} images per CPU-second", "")
        table.add_row("worker / bare loop", f"{worker.ratio:.2f}", ">= 1.5")
        table.add_row("worker, images a second", f"{worker.images_per_second:,.0f}", "")
        table.add_row(f"worker's peak memory with {IMAGES:,} events queued", f"{worker.megabytes:,.0f} MB", "<= 250 MB")
        console.print("PUTs at a steady rate ...")
        with installation.process("faust_app.web_app"):
            p50, p99 = measure_put_latency(installation)
        table.add_row("PUT to the 202 at 200/s, p50 / p99", f"{p50:.1f} / {p99:.1f} ms", "p99 <= 20 ms")
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
