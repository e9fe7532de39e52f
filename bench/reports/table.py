"""Prints what reports cost, as one table."""

from statistics import median

from rich.console import Console
from rich.table import Table

from bench.figures import p95
from bench.installation import installed
from bench.reports.data import DAYS, Scale
from bench.reports.reports import PER_SECOND, RATE_ROUNDS, measure_reports


def reports(scale: Scale = Scale(1.0)) -> None:  # noqa: B008 - it is frozen
    """Measure reports; targets are for scale 1, smaller ones print only."""
    console, table = Console(width=150), Table("what", "measured", "to hold at scale 1")
    with installed("structure", buffer_pool="1G", statistics=True) as installation:
        figures = measure_reports(installation, scale, console.print)
    ms = 1000
    table.add_row(f"history, and its hot shop: {scale.history:,} outcomes, {scale.history // 10:,}", "", "")
    table.add_row(f"store: {scale.rows:,} rows; daily table of MariaDB: {scale.maria_shops * DAYS:,}", "", "")
    table.add_row("page of 13 months by day, week and month, straight from the history by its key", f"{figures.raw:.1f} s", "")
    table.add_row("the same by the best key, which only reports would use", f"{figures.best_key:.1f} s", "")
    table.add_row("from a daily table in MariaDB, by day, week and month, p50", f"{median(figures.daily_table) * ms:.1f} ms", "")
    table.add_row(
        "from the store, by day, week and month, p50 / p95",
        f"{median(figures.store) * ms:.1f} / {p95(figures.store) * ms:.1f} ms",
        "p95 <= 100 ms",
    )
    table.add_row("history / store", f"{figures.ratio:,.0f}", ">= 300")
    table.add_row("best key / store", f"{figures.best_key / median(figures.store):,.0f}", "")
    table.add_row("from Redis, p50", f"{median(figures.redis) * ms:.1f} ms", "")
    table.add_row("from the cache, Redis behind a process's memory, p50", f"{median(figures.cache) * ms:.1f} ms", "<= 2 ms")
    table.add_row("the same by day, by week and by month", f"{median(figures.all_ways) * ms:.1f} ms", "")
    rate = f"{figures.rate_p50 * ms:.1f} / {figures.rate_p99 * ms:.1f} ms"
    table.add_row(f"from the cache at {PER_SECOND}/s, p50 / p99, the middle of {RATE_ROUNDS} rounds", rate, "<= 2 / 10 ms")
    table.add_row(
        "whole HTML page by month, p50 / p95", f"{median(figures.page) * ms:.0f} / {p95(figures.page) * ms:.0f} ms", "p95 <= 100 ms"
    )
    whole = f"{median(figures.page_of_day) * ms:.0f} / {p95(figures.page_of_day) * ms:.0f} ms"
    table.add_row("whole HTML page by day, 400 rows, p50 / p95", whole, "")
    table.add_row("a day's whole list of the hot shop, slowest of 40", f"{max(figures.day_list) * ms:.0f} ms", "< 300 ms")
    table.add_row("all shops, 13 months: store, daily table", f"{figures.platform_store:.2f} s, {figures.platform_daily_table:.2f} s", "")
    table.add_row(f"load of a day, {figures.loaded_shops:,} shops", f"{figures.load:.1f} s", "<= 60 s")
    table.add_row("control totals of every day", f"{figures.all_totals:.2f} s", "")
    console.print(table)


def scale_of(word: str) -> Scale:
    """Return the scale of a factor above 0, up to 1. Raises ValueError."""
    factor = float(word)
    if not 0 < factor <= 1:
        raise ValueError(f"{word} is not above 0 and up to 1")
    return Scale(factor)
