"""Where everything stands in the model, how far a search goes, and what the product decides there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from faust_app.core.images.outcome import AckedEarly, Deferred, Retry
from faust_app.core.images.plan import Remove, Store, plan
from faust_app.core.images.row import ImageRow, event_of
from faust_app.core.images.transitions.accept import accept, placeholder
from faust_app.core.images.transitions.collect import may_collect
from faust_app.core.images.transitions.publish import placed
from faust_app.core.images.transitions.repair import rescued
from faust_app.core.images.transitions.settle import settle
from faust_app.core.messages.events import ImageEvent, Op
from faust_app.core.messages.topics import Topics
from faust_app.core.monitoring.unfinished import UnfinishedState, classify_unfinished
from tests.proofs.model.search import Step

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the database's times are UTC without a zone
KEY: Final = (7, b"a")
TOPICS: Final = Topics.named("")
LOGS: Final = (TOPICS.bulk.name, TOPICS.retry.name)
NOTHING: Final = timedelta(0)
KEY_AS_SENT: Final = (7, "a")

Place = tuple[int, int]
"""A log's number and an offset."""
Actor = tuple[Any, ...]
"""What somebody is about to do, and what he knows."""
IDLE: Final[Actor] = ("",)


@dataclass(frozen=True, slots=True)
class Guards:
    """The decisions of the product; a mutant replaces one of them."""

    accept: Callable[..., Any] = accept
    plan: Callable[..., Any] = plan
    settle: Callable[..., Any] = settle
    placed: Callable[..., ImageRow | None] = placed
    classify_unfinished: Callable[..., UnfinishedState] = classify_unfinished
    rescued: Callable[..., Any] = rescued
    may_collect: Callable[..., bool] = may_collect


class Left(NamedTuple):
    """How often the enemy may still do what it does."""

    die: int = 0
    twice: int = 0
    forget: int = 0
    late_put: int = 0
    lost_answer: int = 0
    ack_early: int = 0
    fail: int = 0
    defer: int = 0
    change: int = 0

    def less(self, name: str) -> "Left":
        return self._replace(**{name: getattr(self, name) - 1})


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a search goes. `attempt` and `rescues` are where the first version begins, near to their ends.

    `depth` bounds each log: a state whose log is full counts as one at rest.
    """

    requests: tuple[Op, ...] = (Op.REGISTER,)
    left: Left = Left()  # noqa: RUF009 - a value
    attempt: int = 0
    rescues: int = 0
    publishers: int = 2
    workers: int = 2
    depth: int = 3
    collects: bool = False


class State(NamedTuple):
    """Where everything stands. Rows, plans and outcomes are numbers of the model; publishers and workers are sorted, being alike."""

    row: int
    asked: int
    logs: tuple[tuple[tuple[int, int], ...], ...]
    acked: frozenset[Place]
    publishers: tuple[Actor, ...]
    workers: tuple[Actor, ...]
    handing: Actor
    rescue: Actor
    doomed: str | None
    objects: frozenset[str]
    late: frozenset[str]
    letters: frozenset[int]
    left: Left

    def committed(self, log: int) -> int:
        """Return the offset up to which every record of the log is acknowledged."""
        return next(offset for offset in range(len(self.acked) + 1) if (log, offset) not in self.acked)


Steps = Iterator[Step[State]]
Acts = Callable[..., State]
"""Makes the state in which an actor does something else from now on, and more has changed."""


class Decided:
    """What the product decides in each state, under one set of guards, decided once.

    Rows, plans and outcomes have numbers, equal values the same: states of numbers are compared at once.
    """

    def __init__(self, scope: Scope, guards: Guards = Guards()) -> None:
        self._scope = scope
        self._guards = guards
        self._numbers: dict[object, int] = {}
        self._values: list[Any] = []
        self._planned = cache(self._plan)
        self._settled = cache(self._settle)

    def _plan(self, version: int, count: int, row: int) -> int:
        current: ImageRow = self._values[row]
        event = _event(version, count)
        return self._number(_without_times(self._guards.plan(event, current)))

    def _settle(self, row: int, outcome: int, number: int) -> int | None:
        judged = self._values[outcome]
        if isinstance(judged, Retry | Deferred | AckedEarly):
            judged = replace(judged, delay=after_number(number))
        after = self._guards.settle(self._values[row], judged, now=EPOCH, replaced_grace=NOTHING).row
        return None if after is None else self._number(after)

    def _fresh(self, state: State) -> int:
        """Return the least number that no wake has which anybody knows."""
        known = [state.row, *(publisher[1] for publisher in state.publishers if publisher != IDLE)]
        taken = {self._values[row].scheduled_at for row in known}
        return next(number for number in range(1, 99) if EPOCH + after_number(number) not in taken)

    def _row(self, state: State) -> ImageRow:
        row: ImageRow = self._values[state.row]
        return row

    def _number(self, value: object) -> int:
        """Return the number of a value, equal values having one: states of numbers are compared at once."""
        number = self._numbers.setdefault(value, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number


def acts_in(state: State, who: str, number: int, actor: Actor) -> State:
    """Return the state with another actor in somebody's place."""
    actors = list(getattr(state, who))
    actors[number] = actor
    changed: dict[str, Any] = {who: tuple(sorted(actors))}
    return state._replace(**changed)


def _without_times(planned: Any) -> Any:
    """Return the plan with what no outcome looks at taken out of its row: when it would have been published, and where."""
    if isinstance(planned, Store | Remove):
        return replace(planned, row=replace(planned.row, scheduled_at=None, schedule_reason=None, position=None, rescues=0))
    return planned


@cache
def _event(version: int, count: int) -> ImageEvent:
    return event_of(replace(placeholder(KEY, EPOCH), version=version, attempt=count))


def after_number(number: int) -> timedelta:
    return timedelta(microseconds=number)
