"""The pure schedulers alone: the published scenarios beside their published figures, and the cost of a decision."""

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.fairness.ours import ShopsInTurn
from bench.fairness.published import SCENARIOS, SCHEDULERS, SLOTS, Item, Published, Scheduler, measured

SHOPS: Final = 5000
DECISIONS: Final = 20_000
DECISION_MICROSECONDS: Final = 20.0
_HOLD: Final = 100
_ALL: Final[dict[str, Callable[[], Scheduler]]] = {**SCHEDULERS, "shops in turn, by seconds of service": lambda: ShopsInTurn(SLOTS)}


def schedulers() -> None:
    """Print both tables."""
    console, table = Console(width=120), Table("scenario", "scheduler", "light shop's mean wait, ms", "makespan, ms")
    for scenario in SCENARIOS:
        for name, figures in scenario.published.items():
            _add(table, scenario.name, f"{name}, published", figures)
        for name, make in _ALL.items():
            _add(table, scenario.name, f"{name}, here", measured(scenario, make))
        table.add_section()
    console.print(table)
    costs = Table("scheduler", f"a decision with {SHOPS:,} shops waiting", "to hold")
    for name, make in _ALL.items():
        costs.add_row(name, f"{decision_microseconds(make):.1f} us", f"<= {DECISION_MICROSECONDS:g} us")
    console.print(costs)


def decision_microseconds(make: Callable[[], Scheduler]) -> float:
    """Return the mean microseconds of a decision while many shops wait: an item ends, the next starts, another arrives."""
    scheduler, running = make(), deque[Item]()
    for number in range(3 * SHOPS):
        scheduler.add(str(number % SHOPS), Item(str(number % SHOPS), number, 0, _HOLD), 0)
    for _ in range(SLOTS):
        _start(scheduler, running, 0)
    begun = perf_counter()
    for now in range(DECISIONS):
        item = running.popleft()
        scheduler.done(item, now)
        _start(scheduler, running, now)
        scheduler.add(item.shop, Item(item.shop, now, now, _HOLD), now)
    return (perf_counter() - begun) / DECISIONS * 1e6


def _start(scheduler: Scheduler, running: deque[Item], now: int) -> None:
    item = scheduler.next(now)
    if item is None:
        raise RuntimeError("the scheduler leaves a slot empty while items wait")
    running.append(item)


def _add(table: Table, scenario: str, name: str, figures: Published) -> None:
    table.add_row(scenario, name, f"{figures.light:.0f}", f"{figures.makespan:.0f}")
