"""The printed result of a case: both columns, and its numbers."""

from rich.table import Table

from bench.fairness.column import Column
from bench.fairness.measure import Waits
from bench.fairness.numbers import Number


def table_of(letter: str, title: str, on: Column, off: Column) -> Table:
    """Return the figures of a case with fair shares and without; waits are seconds, p50 / p99 / longest."""
    table = Table("what", "fair shares", "without", title=f"({letter}) {title}", title_justify="left")
    table.add_row("quiet shops alone", str(on.idle), str(off.idle))
    table.add_row("quiet shops beside it", _beside(on), _beside(off))
    table.add_row("  their p50 and p99 as a multiple", _multiple(on), _multiple(off))
    if on.all_quiet is not None:
        table.add_row("  the rebalance included", str(on.all_quiet), str(off.all_quiet or ""))
    for name in on.groups:
        table.add_row(name, _waits(on.groups.get(name)), _waits(off.groups.get(name)))
    table.add_row("images of the burst", f"{on.images:,}", f"{off.images:,}")
    table.add_row("drained in", _drain(on), _drain(off))
    table.add_row("images a second", _number(on.rate, "{:.0f}"), _number(off.rate, "{:.0f}"))
    table.add_row("throughput lost", _lost(on, off), "")
    table.add_row("share error", _share(on, "error"), _share(off, "error"))
    table.add_row("Jain's index of shares", _share(on, "jain"), _share(off, "jain"))
    table.add_row("scheduler's bound", _number(on.bound, "{:.2f} s"), _number(off.bound, "{:.2f} s"))
    table.add_row("deferrals an image", f"{on.deferrals:.2f}", f"{off.deferrals:.2f}")
    table.add_row("cores busy with other work", f"{on.others_cores:.1f}", f"{off.others_cores:.1f}")
    return table


def verdicts(found: list[tuple[str, Number]]) -> Table:
    """Return every number beside what it has to hold."""
    table = Table("case", "number", "measured", "to hold", "")
    for letter, number in found:
        word = {True: "holds", False: "MISSED", None: ""}[number.holds]
        table.add_row(letter, number.what, number.measured, number.target, word)
    return table


def _beside(column: Column) -> str:
    return f"{column.quiet}  ({column.quiet.count} images)"


def _multiple(column: Column) -> str:
    return f"{column.quiet.p50 / column.idle.p50:.1f} / {column.quiet.p99 / column.idle.p99:.1f}"


def _waits(waits: Waits | None) -> str:
    return "" if waits is None else str(waits)


def _drain(column: Column) -> str:
    return "not drained" if column.drain is None else f"{column.drain:.1f} s"


def _lost(on: Column, off: Column) -> str:
    return "" if on.drain is None or off.drain is None else f"{1 - off.drain / on.drain:+.1%}"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _share(column: Column, name: str) -> str:
    return "" if column.shares is None else f"{getattr(column.shares, name):.3f}"
