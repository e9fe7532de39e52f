"""The protocol of one image as a model to search: every decision is the product's own function, what surrounds them is the enemy.

The enemy lets any lease, delay or garbage be due at any moment, kills workers and publishers between any two steps, delivers
twice, commits an offset that nobody worked off, lets a PUT land late and takes away the answer of a COMMIT; of each so many
times as the scope says. Times stand for identities here: a wake is EPOCH plus a number that nobody else holds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from faust_app.core.accept import Accepted, accept
from faust_app.core.content import Validators
from faust_app.core.events import ImageEvent, Op
from faust_app.core.failure import FailureCode, Transient, Unavailable
from faust_app.core.image import ImageRow, ImageState, Position, Shown, event_of, object_key, placeholder, version_of
from faust_app.core.lanes import lane
from faust_app.core.leasing import leased, placed
from faust_app.core.outcome import Failed, HandedOver, Kept, Outcome, Park, Removed, Retry, Stored, may_collect, settle
from faust_app.core.plan import Remove, Skip, Store, Unknown, plan
from faust_app.core.rescue import lost_repeatedly, may_be_rescued, rescued, still_lost
from faust_app.core.retry import Backoff, judge
from faust_app.core.stall import PartitionOffsets, Standing, standing
from faust_app.core.topics import Topics
from tests.factories import make_request
from tests.model.rules import broken_by, broken_in, content_of
from tests.model.search import Step

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the database's times are UTC without a zone
KEY: Final = (7, b"a")
TOPICS: Final = Topics.named("")
LOGS: Final = (TOPICS.bulk.name, TOPICS.retry.name)
NOTHING: Final = timedelta(0)
_KEY_AS_SENT: Final = (7, "a")

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
    standing: Callable[..., Standing] = standing
    rescued: Callable[..., Any] = rescued
    may_collect: Callable[..., bool] = may_collect


class Left(NamedTuple):
    """How often the enemy may still do what it does."""

    die: int = 0
    twice: int = 0
    forget: int = 0
    late_put: int = 0
    lost_answer: int = 0
    hand_over: int = 0
    fail: int = 0
    park: int = 0
    change: int = 0

    def less(self, name: str) -> "Left":
        return self._replace(**{name: getattr(self, name) - 1})


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a search goes. `attempt` and `rescues` are where the first version begins, near to their ends.

    `depth` bounds each log: a state whose log is full counts as one at rest.
    """

    wishes: tuple[Op, ...] = (Op.REGISTER,)
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


class Model:
    """The steps of one scope under one set of guards."""

    def __init__(self, scope: Scope, guards: Guards = Guards()) -> None:
        self._scope = scope
        self._guards = guards
        self._numbers: dict[object, int] = {}
        self._values: list[Any] = []
        self._planned = cache(self._plan)
        self._settled = cache(self._settle)
        self._rows_alone = cache(broken_by)

    def first(self) -> State:
        """Return the state in which the first wish is accepted and its intake is about to publish it."""
        accepted = self._accepted(placeholder(KEY, EPOCH), 0, 1)
        row = self._number(replace(accepted, attempt=self._scope.attempt, rescues=self._scope.rescues))
        publishers = tuple(sorted([("claimed", row), *[IDLE] * (self._scope.publishers - 1)]))
        workers = (IDLE,) * self._scope.workers
        nothing: frozenset[Any] = frozenset()
        return State(row, 1, ((),) * len(LOGS), nothing, publishers, workers, IDLE, IDLE, None, nothing, nothing, nothing, self._scope.left)

    def at_rest(self, state: State) -> bool:
        """Tell whether every wish has its outcome, or the search ends here."""
        full = any(len(log) >= self._scope.depth for log in state.logs)
        return full or (state.asked == len(self._scope.wishes) and self._row(state).state is not ImageState.IN_PROGRESS)

    def steps(self, state: State) -> Steps:
        """Return everything that may happen next."""
        for label, after, broken in self._all(state):
            yield label, after, broken or self._broken(state, after)

    def _all(self, state: State) -> Steps:
        yield from self._asks(state)
        for number, publisher in enumerate(state.publishers):
            yield from self._publishes(state, number, publisher)
        for number, worker in enumerate(state.workers):
            yield from self._takes(state, number) if worker == IDLE else self._works(state, number, worker)
        yield from self._hands_over(state)
        yield from self._rescues(state)
        yield from self._collects(state)
        for key in state.late:
            yield f"late PUT of {key[-22:]}", state._replace(late=state.late - {key}, objects=state.objects | {key}), None

    def _broken(self, before: State, after: State) -> str | None:
        if before.row == after.row and before.objects == after.objects:
            return None
        row = self._values[after.row]
        found = None if before.row == after.row else self._rows_alone(self._values[before.row], row)
        return found or broken_in(row, after.objects, after.letters)

    # Intake and publishers

    def _asks(self, state: State) -> Steps:
        if state.asked == len(self._scope.wishes):
            return
        row = self._number(self._accepted(self._row(state), state.asked, self._fresh(state)))
        after = state._replace(row=row, asked=state.asked + 1)
        label = f"{self._scope.wishes[state.asked].value} is accepted"
        if IDLE in state.publishers:
            yield label, _acts(after, "publishers", state.publishers.index(IDLE), ("claimed", row)), None
        else:
            yield f"{label}, and its intake dies", after, None

    def _accepted(self, row: ImageRow, asked: int, wake: int) -> ImageRow:
        wish = self._scope.wishes[asked]
        values: dict[str, Any] = {} if wish is Op.DELETE else {"source_url": f"http://source.test/{asked}"}
        request = make_request(*_KEY_AS_SENT, op=wish, **values)
        decision = self._guards.accept(row, request, requested_at=EPOCH, now=EPOCH, lease=_after(wake))
        assert isinstance(decision, Accepted)
        return decision.row

    def _publishes(self, state: State, number: int, publisher: Actor) -> Steps:
        def acts(actor: Actor, **values: Any) -> State:
            return _acts(state._replace(**values), "publishers", number, actor)

        match publisher:
            case ("",):
                row = self._row(state)
                if row.state is ImageState.IN_PROGRESS and row.wake_at is not None:
                    claimed = self._number(leased(row, EPOCH + _after(self._fresh(state))))
                    yield "a due publisher claims", acts(("claimed", claimed), row=claimed), None
            case ("claimed", claim):
                yield from self._sends(state, claim, acts)
            case ("sent", claim, log, offset):
                yield from self._places(state, (claim, log, offset), acts)
        if publisher != IDLE and state.left.die:
            yield f"a publisher dies: {publisher[0]}", acts(IDLE, left=state.left.less("die")), None

    def _sends(self, state: State, claim: int, acts: "Acts") -> Steps:
        row: ImageRow = self._values[claim]
        log = LOGS.index(lane(row, TOPICS).topic)
        if len(state.logs[log]) < self._scope.depth:
            entry = (row.version, row.attempt)
            logs = tuple((*old, entry) if n == log else old for n, old in enumerate(state.logs))
            sent = ("sent", claim, log, len(state.logs[log]))
            yield f"{entry} is published at {LOGS[log]}@{sent[3]}", acts(sent, logs=logs), None

    def _places(self, state: State, sent: tuple[int, int, int], acts: "Acts") -> Steps:
        claim, log, offset = sent
        after = self._guards.placed(self._row(state), self._values[claim], Position(LOGS[log], 0, offset))
        if after is None:
            yield f"position {LOGS[log]}@{offset} is refused", acts(IDLE), None
        else:
            yield f"position {LOGS[log]}@{offset} is written", acts(IDLE, row=self._number(after)), None

    # Workers

    def _takes(self, state: State, number: int) -> Steps:
        flying = {worker[1:3] for worker in state.workers if worker != IDLE}
        for log, records in enumerate(state.logs):
            for offset in range(len(records)):
                place = (log, offset)
                again = place in flying or place in state.acked
                if again and not state.left.twice:
                    continue
                left = state.left.less("twice") if again else state.left
                label = f"a worker takes {LOGS[log]}@{offset}{' again' if again else ''}"
                yield self._starts(state._replace(left=left), number, place, label)

    def _starts(self, state: State, number: int, place: Place, label: str) -> Step[State]:
        log, offset = place
        version, count = state.logs[log][offset]
        planned = self._values[self._planned(version, count, state.row)]
        match planned:
            case Store():
                return label, _acts(state, "workers", number, ("fetches", *place, 0, self._number(planned))), None
            case Remove():
                return label, _acts(state, "workers", number, ("settles", *place, 0, self._number(Removed(planned.row)))), None
            case Skip():
                return f"{label} and skips it", state._replace(acked=state.acked | {place}), None
            case _:
                return label, state, f"a record of ours is unknown: {planned.detail}"

    def _works(self, state: State, number: int, worker: Actor) -> Steps:
        what, log, offset, acked, held = worker
        place = (log, offset)

        def acts(actor: Actor, **values: Any) -> State:
            return _acts(state._replace(**values), "workers", number, actor)

        match what:
            case "fetches":
                yield from self._ends_fetch(state, place, acked, acts, self._values[held])
            case "buries":
                letters = state.letters | {self._values[held].row.version}
                yield "the dead letter is written", acts(("settles", *place, acked, held), letters=letters), None
            case _:
                yield from self._settles(state, worker, acts)
        if state.left.die:
            yield f"a worker dies: {what}", acts(IDLE, left=state.left.less("die")), None
        if state.left.forget:
            forgotten = state.acked | {place}
            yield f"a worker dies: {what}, its offset is committed", acts(IDLE, left=state.left.less("forget"), acked=forgotten), None

    def _ends_fetch(self, state: State, place: Place, acked: int, acts: "Acts", store: Store) -> Steps:
        def settles(outcome: Outcome, what: str = "settles") -> Actor:
            return (what, *place, acked, self._number(outcome))

        shown = store.row.shown
        if store.validators and shown is not None:
            yield "the source says 304", acts(settles(Kept(store.row, replace(shown, version=store.row.version), transferred=False))), None
        for changed in (False, True)[: 1 + bool(state.left.change)]:
            left = state.left.less("change") if changed else state.left
            new = _shown(store, changed=changed)
            if shown is not None and shown.sha256 == new.sha256:
                kept = replace(shown, version=store.row.version, url=store.url)
                yield "the source has the same bytes", acts(settles(Kept(store.row, kept, transferred=True)), left=left), None
                continue
            put = state.objects | {new.object_key}
            yield f"PUT{' of changed bytes' if changed else ''}", acts(settles(Stored(store.row, new)), objects=put, left=left), None
            if state.left.late_put:
                late = state.late | {new.object_key}
                yield "a PUT does not answer; its event is returned", acts(IDLE, late=late, left=left.less("late_put")), None
        if state.left.fail:
            judged = judge(store.row, Transient(FailureCode.SOURCE_ERROR), Backoff(), jitter=1.0)
            assert not isinstance(judged, Unavailable)
            what = "buries" if isinstance(judged, Failed) else "settles"
            yield "the source fails", acts(settles(judged, what), left=state.left.less("fail")), None
        if state.left.park:
            yield "the source is parked", acts(settles(Park(store.row, NOTHING)), left=state.left.less("park")), None

    def _settles(self, state: State, worker: Actor, acts: "Acts") -> Steps:
        _, log, offset, _, held = worker
        after = self._settled(state.row, held, self._fresh(state))
        outcome = self._values[held]
        label = f"{type(outcome).__name__} of {outcome.row.version} is {'refused' if after is None else 'settled'}"
        row = state.row if after is None else after
        counted = self._values[row].attempt
        broken = "an attempt is counted twice" if after is not None and counted > state.logs[log][offset][1] + 1 else None
        yield label, acts(IDLE, row=row, acked=state.acked | {(log, offset)}), broken
        if state.left.die:
            yield f"{label}, and the worker dies", acts(IDLE, row=row, left=state.left.less("die")), broken
        if state.left.lost_answer:
            yield f"{label}, and nobody hears it", acts(worker, row=row, left=state.left.less("lost_answer")), broken

    # Duties

    def _hands_over(self, state: State) -> Steps:
        if state.handing != IDLE:
            yield from self._ends_hand_over(state)
        elif state.left.hand_over:
            for worker in state.workers:
                if worker != IDLE and not worker[3]:
                    yield from self._begins_hand_over(state, worker[1:3])

    def _begins_hand_over(self, state: State, place: Place) -> Steps:
        planned = self._values[self._planned(*state.logs[place[0]][place[1]], state.row)]
        if isinstance(planned, Store):
            handing = ("hands over", *place, self._number(HandedOver(planned.row, NOTHING)))
            yield "a running event is to be handed over", state._replace(handing=handing, left=state.left.less("hand_over")), None

    def _ends_hand_over(self, state: State) -> Steps:
        _, log, offset, held = state.handing
        after = self._settled(state.row, held, self._fresh(state))
        idle = state._replace(handing=IDLE)
        running = next((worker for worker in state.workers if worker[1:4] == (log, offset, 0)), None)
        if after is None:
            yield "the hand-over is refused", idle, None
        elif running is None:
            yield "the row takes over what ran", idle._replace(row=after), None
        else:
            safe = _acts(idle, "workers", state.workers.index(running), (*running[:3], 1, running[4]))
            yield "the row takes over what runs", safe._replace(row=after, acked=state.acked | {(log, offset)}), None

    def _rescues(self, state: State) -> Steps:
        row = self._row(state)
        match state.rescue:
            case ("",):  # offsets that are read while the row waits are older, and find less
                if row.state is ImageState.IN_PROGRESS and row.wake_at is None:
                    yield "the rescue reads the offsets", state._replace(rescue=("seen", *map(state.committed, range(len(LOGS))))), None
            case ("seen", *offsets):
                seen = {(log, 0): PartitionOffsets(offset, 0) for log, offset in zip(LOGS, offsets, strict=True)}
                if row.state is ImageState.IN_PROGRESS and self._guards.standing(row, seen) is Standing.LOST:
                    yield "the rescue finds the row lost", state._replace(rescue=("lost", state.row)), None
                else:
                    yield "the rescue finds nothing", state._replace(rescue=IDLE), None
            case ("lost", judged):
                yield from self._ends_rescue(state, row, self._values[judged])

    def _ends_rescue(self, state: State, row: ImageRow, judged: ImageRow) -> Steps:
        idle, letters = state._replace(rescue=IDLE), state.letters
        if may_be_rescued(judged):
            after = self._guards.rescued(row, judged, EPOCH + _after(self._fresh(state))).row
        else:
            letters |= {judged.version}
            failed = lost_repeatedly(judged)
            after = settle(row, failed, now=EPOCH, replaced_grace=NOTHING).row if still_lost(row, judged) else None
        if after is None:
            yield "the rescue is refused", idle._replace(letters=letters), None
            return
        yield "the row is rescued", idle._replace(row=self._number(after), letters=letters), self._falsely_rescued(state)

    def _falsely_rescued(self, state: State) -> str | None:
        """Tell whether an event that would be worked on still waits: only the enemy's own forgetting and repeating excuse that."""
        if state.left.forget < self._scope.left.forget or state.left.twice < self._scope.left.twice:
            return None
        for log, records in enumerate(state.logs):
            for offset, (version, count) in enumerate(records):
                planned = self._values[self._planned(version, count, state.row)]
                if (log, offset) not in state.acked and not isinstance(planned, Skip | Unknown):
                    return "rescued, and its event still waits"
        return None

    def _collects(self, state: State) -> Steps:
        if not self._scope.collects:
            return
        if state.doomed is not None:
            yield "the collector deletes", state._replace(doomed=None, objects=state.objects - {state.doomed}), None
            return
        for key in state.objects:
            if self._guards.may_collect(key, version_of(key), self._row(state)):
                yield f"the collector may delete {key[-22:]}", state._replace(doomed=key), None

    # Numbers

    def _plan(self, version: int, count: int, row: int) -> int:
        current: ImageRow = self._values[row]
        event = _event(version, count)
        return self._number(_without_times(self._guards.plan(event, current)))

    def _settle(self, row: int, outcome: int, wake: int) -> int | None:
        judged = self._values[outcome]
        if isinstance(judged, Retry | Park | HandedOver):
            judged = replace(judged, delay=_after(wake))
        after = self._guards.settle(self._values[row], judged, now=EPOCH, replaced_grace=NOTHING).row
        return None if after is None else self._number(after)

    def _fresh(self, state: State) -> int:
        """Return the least number that no wake has which anybody knows."""
        known = [state.row, *(publisher[1] for publisher in state.publishers if publisher != IDLE)]
        taken = {self._values[row].wake_at for row in known}
        return next(number for number in range(1, 99) if EPOCH + _after(number) not in taken)

    def _row(self, state: State) -> ImageRow:
        row: ImageRow = self._values[state.row]
        return row

    def _number(self, value: object) -> int:
        """Return the number of a value, equal values having one: states of numbers are compared at once."""
        number = self._numbers.setdefault(value, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number


Acts = Callable[..., State]


def _acts(state: State, who: str, number: int, actor: Actor) -> State:
    """Return the state with another actor in somebody's place."""
    actors = list(getattr(state, who))
    actors[number] = actor
    changed: dict[str, Any] = {who: tuple(sorted(actors))}
    return state._replace(**changed)


def _without_times(planned: Any) -> Any:
    """Return the plan with what no outcome looks at taken out of its row: when it would have been published, and where."""
    if isinstance(planned, Store | Remove):
        return replace(planned, row=replace(planned.row, wake_at=None, wake_reason=None, position=None, rescues=0))
    return planned


@cache
def _event(version: int, count: int) -> ImageEvent:
    return event_of(replace(placeholder(KEY, EPOCH), version=version, attempt=count))


def _shown(store: Store, *, changed: bool) -> Shown:
    digest = content_of(store.url, changed=changed)
    key = object_key(*KEY, store.row.version, digest.hex(), "jpg")
    return Shown(store.row.version, key, store.url, digest, 1, "image/jpeg", 1, 1, Validators('"every address says this"'))


def _after(number: int) -> timedelta:
    return timedelta(microseconds=number)
