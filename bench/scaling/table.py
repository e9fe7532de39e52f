"""Prints what an image costs each part, and what that means for larger loads."""

from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.scaling.costs import Costs, measure_costs
from bench.scaling.model import DATABASE_CORES, LOADS, Needs, database_ceiling, needs_of


def scaling() -> None:
    """Measure the costs of an image, and print them with the needs of each load."""
    console, costs = Console(width=120), measure_costs()
    console.print(cost_table(costs))
    console.print(needs_table(costs))
    console.print(f"{DATABASE_CORES} cores of one database are full at {database_ceiling(costs):,.0f} images/s")


def cost_table(costs: Costs) -> Table:
    """Return the costs of one image as a table."""
    table = Table("cost of an image of 100 kB", "measured")
    for name, microseconds in (
        ("worker, level decode", costs.worker),
        ("worker, level structure", costs.worker_structure),
        ("database, for the worker", costs.database),
        ("Kafka", costs.kafka),
        ("object storage", costs.storage),
        ("web process, a request", costs.web),
        ("database, a request", costs.web_database),
    ):
        table.add_row(name, f"{microseconds:,.0f} us")
    table.add_row("transactions of the worker", f"{costs.transactions:.2f}")
    table.add_row("row with its keys", f"{costs.row_bytes:,.0f} bytes")
    table.add_row("history with its keys", f"{costs.history_bytes:,.0f} bytes")
    table.add_row("records in Kafka, one replica", f"{costs.topic_bytes:,.0f} bytes")
    return table


def needs_table(costs: Costs) -> Table:
    """Return what each load needs as a table, a column each."""
    needs = [needs_of(load, costs) for load in LOADS]
    table = Table("needed", *(load.name for load in LOADS))
    table.add_row("images/s in the busiest hour", *(f"{load.per_second:,.0f}" for load in LOADS))
    for part in needs[0].cores:
        table.add_row(f"cores, {part}", *(f"{each.cores[part]:,.1f}" for each in needs))
    for name, show in _ROWS:
        table.add_row(name, *(show(each) for each in needs))
    table.add_row("rows", *(f"{load.kept / 1e6:,.0f} M" for load in LOADS))
    return table


_ROWS: Final[tuple[tuple[str, Callable[[Needs], str]], ...]] = (
    ("workers, one to lose", lambda each: f"{each.workers:,}"),
    ("partitions of an image topic", lambda each: f"{each.partitions:,}"),
    ("database connections at most", lambda each: f"{each.connections:,}"),
    ("transactions/s of the workers", lambda each: f"{each.transactions_per_second:,.0f}"),
    ("core-hours a day", lambda each: f"{each.core_hours_per_day:,.0f}"),
    ("rows, GB", lambda each: f"{each.row_gb:,.0f}"),
    ("history of 15 months, GB", lambda each: f"{each.history_gb:,.0f}"),
    ("topics of 7 days, GB a replica", lambda each: f"{each.topic_gb:,.0f}"),
)
