"""Run the benchmarks and print one table; those that have a name run only by it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.capacity import measure_capacity
from bench.compare import PAIRS, compare
from bench.dead_hosts import DEAD_IMAGES, HOSTS, measure_dead_hosts
from bench.failures import DEAD, DUE, SCHEDULED, FailureFigures, measure_failures
from bench.fairness.run import fairness
from bench.fairness.scheduler import schedulers
from bench.feed import feed
from bench.hostile import kept, measure_hostile, typical
from bench.installation import installed
from bench.intake import measure_intake
from bench.metrics import ROUNDS as METRICS_ROUNDS
from bench.metrics import SHOPS, measure_metrics
from bench.mistake import IMAGES as MISTAKEN
from bench.mistake import RATE, SECONDS, measure_mistake
from bench.operate import FAILED, GOOD, measure_operate
from bench.operate import fill as fill_to_operate
from bench.pages import measure_pages
from bench.put_latency import measure_put_latency
from bench.report_data import DAYS, Scale
from bench.reports import PER_SECOND, RATE_ROUNDS, measure_reports, p95
from bench.results import BACKLOG, measure_results
from bench.results import RATE as RESULTS_RATE
from bench.stalled import QUEUED, ROWS, fill, measure_stalled
from bench.worker import measure_worker

IMAGES = 120_000
BYTES = 100_000


def main() -> None:
    """Run the benchmark that the arguments name; without one, all but those that have a name."""
    match sys.argv[1:]:
        case []:
            everything()
        case [name] if name in _NAMED:
            _NAMED[name]()
        case ["reports", factor] if _is_factor(factor):
            reports(Scale(float(factor)))
        case ["metrics", rounds] if rounds.isdecimal() and int(rounds) > 0:
            metrics(int(rounds))
        case ["fairness", "schedulers"]:
            schedulers()
        case ["fairness", *letters]:
            fairness(letters)
        case ["compare", tree, *pairs]:
            for ratios in compare(Path(tree), int(pairs[0]) if pairs else PAIRS):
                print(ratios)
        case words:
            names = (
                f"none, {', '.join(_NAMED)}, fairness [CASES], fairness schedulers, reports SCALE, metrics ROUNDS, or compare TREE [PAIRS]"
            )
            sys.exit(f"bench: unknown benchmark {' '.join(words)!r}; use {names}")


def capacity() -> None:
    """Measure what one worker can do at each level of the image check."""
    table = Table("level", "import, rows/s", "images/s", "images per CPU-second", "worker, MiB", "its children, MiB")
    for level in ("structure", "decode"):
        with installed(level) as installation:
            found = measure_capacity(installation)
        shown = (found.rows_per_second, found.images_per_second, found.images_per_cpu_second, found.megabytes, found.children_megabytes)
        table.add_row(level, *(f"{each:,.0f}" for each in shown))
    Console().print(table)


def hostile() -> None:
    """Measure how much one hostile image in ten slows down the others."""
    table = Table("what", "measured", "target")
    with installed("decode") as installation:
        figures = measure_hostile(installation)
    alone = typical(figures.alone)
    table.add_row("good images, alone", f"{alone.per_second:,.0f}/s, {alone.per_cpu_second:,.0f} per CPU-second", "")
    for name, rates in (("of the quick kinds", figures.beside_quick), ("of every kind", figures.beside_all)):
        rate, shares = typical(rates), kept(rates, figures.alone)
        share, rounds = typical(shares), ", ".join(f"{share.per_second:.2f}" for share in shares)
        table.add_row(
            f"every tenth hostile, {name}",
            f"{rate.per_second:,.0f}/s, {rate.per_cpu_second:,.0f} per CPU-second",
            f"{share.per_second:.2f} and {share.per_cpu_second:.2f} kept ({rounds}), >= 0.80",
        )
    table.add_row("hostile images that failed with the expected code", f"{figures.named:,} of {figures.finished:,}", "all")
    Console().print(table)


def operate() -> None:
    """Measure what an operator waits for among a million images."""
    table = Table("what", "measured", "to hold")
    with installed("structure") as installation:
        fill_to_operate(installation)
        figures = measure_operate(installation)
    table.add_row("images, of which failed", f"{GOOD + FAILED:,}, {FAILED:,}", "")
    table.add_row("plan of a republish, with its counts", f"{figures.plan:.2f} s (slowest {figures.slowest_plan:.2f} s)", "< 2 s")
    table.add_row("images planned", f"{figures.planned:,}", f"{FAILED:,}")
    table.add_row("a second's work at 1,000 a second", f"{figures.begin:.2f} s", "< 1 s")
    table.add_row("a page of 100 of 2,000 causes", f"{figures.causes:.2f} s", "< 0.3 s")
    table.add_row("counts of the run", f"{figures.counts:.2f} s", "< 0.3 s")
    Console().print(table)


def pages() -> None:
    """Measure the operator's pages among two million images."""
    table = Table("page", "median", "slowest", "size", "to hold")
    with installed("structure") as installation:
        figures = measure_pages(installation)
    for each in figures:
        table.add_row(
            each.page,
            f"{each.seconds * 1000:,.0f} ms",
            f"{each.slowest * 1000:,.0f} ms",
            f"{each.size / 1000:,.0f} kB",
            f"< {each.target * 1000:,.0f} ms",
        )
    Console(width=150).print(table)


def mistake() -> None:
    """Measure what a republish begun by mistake does until it is taken back."""
    table = Table("what", "measured", "to hold")
    with installed("structure") as installation:
        figures = measure_mistake(installation)
    most = RATE * SECONDS
    table.add_row(f"of {MISTAKEN:,} good images, published again in {SECONDS} s at {RATE} a second", f"{figures.begun:,}", f"<= {most:,}")
    table.add_row("fetched", f"{figures.fetched:,}", f"<= {most:,}")
    table.add_row("taken back", f"{figures.taken_back:,}", "")
    table.add_row("good images that turned bad", f"{figures.not_good:,}", "0")
    table.add_row("images published twice", f"{figures.twice:,}", "0")
    table.add_row("from the cancel until nothing is under way", f"{figures.seconds_to_cancel:.1f} s", "")
    Console().print(table)


def among_dead_hosts() -> None:
    """Measure how long a good image takes among many dead hosts."""
    table = Table("what", "measured", "to hold")
    with installed() as installation:
        figures = measure_dead_hosts(installation)
    for name, seconds in figures.seconds.items():
        tries = ", ".join(f"{each:.1f}" for each in seconds)
        table.add_row(f"a good image behind {HOSTS} dead hosts of {DEAD_IMAGES} images, {name}", f"{tries} s", "<= 5 s")
    table.add_row("attempts they cost before the restart", f"{figures.attempts_before:,}", f"<= {10 * HOSTS:,}")
    table.add_row("and with it", f"{figures.attempts_after:,}", "no more")
    table.add_row("images that failed", f"{figures.failed:,}", "0")
    Console().print(table)


def _is_factor(text: str) -> bool:
    try:
        return 0 < float(text) <= 1
    except ValueError:
        return False


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


def metrics(rounds: int = METRICS_ROUNDS) -> None:
    """Measure what metrics cost an image, and how long a page of them takes after many shops."""
    table = Table("what", "measured", "to hold")
    with installed("structure") as installation:  # the level that costs least CPU, so that the share is the largest
        figures = measure_metrics(installation, rounds)
    costs = figures.rounds
    of_cpu, in_metrics, shares = ([getattr(cost, name) for cost in costs] for name in ("cpu_us", "metrics_us", "share"))
    table.add_row("CPU of an image, the children's included, median", f"{_spread(of_cpu, ',.0f')} us", "")
    table.add_row(f"of it in metrics, {median(cost.calls for cost in costs):.1f} calls", f"{_spread(in_metrics, '.1f')} us", "")
    table.add_row("the share of metrics", f"{_spread(shares, '.2%')}, {len(costs)} rounds", "<= 3 %")
    for what, seconds, target in (("an idle", figures.idle, "< 20 ms"), ("a busy", figures.busy, "")):
        page = f"{median(seconds) * 1000:.1f} ms (slowest {max(seconds) * 1000:.1f} ms)"
        table.add_row(f"GET /metrics of {what} worker that met {SHOPS:,} shops, p50", page, target)
    table.add_row("the page", f"{figures.size / 1000:,.0f} kB", "")
    Console(width=150).print(table)


def _spread(values: Sequence[float], form: str) -> str:
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def results() -> None:
    """Measure how soon and how fast outcomes are told, and what that costs a settle."""
    table = Table("what", "measured", "to hold")
    with installed() as installation:
        figures = measure_results(installation)
    delays = f"{figures.p50:.2f} / {figures.p99:.2f} s"
    table.add_row(f"settle committed to record delivered, at {RESULTS_RATE} images/s, p50 / p99", delays, "p99 <= 2 s")
    table.add_row(f"a backlog of {BACKLOG:,} results by one publisher", f"{figures.backlog_per_second:,.0f} results/s", ">= 2,000")
    for what, shares in (("images a second", figures.kept_rate), ("images per CPU-second", figures.kept_cpu)):
        table.add_row(f"settle with its results, {what}, of what it does without", f"{_spread(shares, '.3f')}, {len(shares)} pairs", "")
    Console(width=150).print(table)


def stalled() -> None:
    """Measure how long it takes to find unfinished images among many finished ones."""
    table, console = Table("what", "measured", "target"), Console()
    with installed() as installation:
        console.print(f"writing {ROWS:,} rows ...")
        console.print(f"written in {fill(installation):,.0f} s; sampling ...")
        figures = measure_stalled(installation)
    for plan in figures.plans:
        console.print(plan)
    table.add_row(f"first sample of {ROWS:,} rows", f"{figures.first * 1000:,.0f} ms", "< 200 ms")
    table.add_row("further samples", f"{figures.fastest * 1000:,.0f} to {figures.slowest * 1000:,.0f} ms", "< 200 ms")
    table.add_row(f"sample of one shop with {QUEUED:,} queued", f"{figures.of_shop * 1000:,.0f} ms", "")
    for path, (half, most) in figures.answers.items():
        table.add_row(f"GET {path}, p50 / p99", f"{half * 1000:.1f} / {most * 1000:.1f} ms", "<= 20 ms")
    console.print(table)


def everything() -> None:
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


_NAMED = {
    "capacity": capacity,
    "hostile": hostile,
    "stalled": stalled,
    "operate": operate,
    "pages": pages,
    "mistake": mistake,
    "dead-hosts": among_dead_hosts,
    "reports": reports,
    "metrics": metrics,
    "results": results,
    "feed": feed,
}


if __name__ == "__main__":
    main()
