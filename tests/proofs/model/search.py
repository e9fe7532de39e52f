"""Every state that a model can reach, the shortest way to the first broken promise, and the states that never come to rest."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)

Step = tuple[str, S, str | None]
"""What happens, the state after it, and the promise it breaks, if any."""


@dataclass(frozen=True, slots=True)
class Result(Generic[S]):
    """How many states there are, and why the model does not hold, with the shortest way there."""

    states: int
    broken: str | None = None
    way: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.states} states: {self.broken or 'holds'}\n" + "\n".join(
            f"  {number}. {step}" for number, step in enumerate(self.way, 1)
        )


def search(first: S, steps: Callable[[S], Iterable[Step[S]]], at_rest: Callable[[S], bool], *, limit: int) -> Result[S]:
    """Visit every state, nearest first; stop at the first broken promise. Raises AssertionError beyond `limit` states."""
    came_from: dict[S, tuple[S, str] | None] = {first: None}
    before: dict[S, list[S]] = {first: []}
    waiting, resting = deque([first]), list[S]()
    while waiting:
        state = waiting.popleft()
        if at_rest(state):
            resting.append(state)
        for label, after, broken in steps(state):
            if broken is not None:
                return Result(len(came_from), broken, (*_way(came_from, state), label))
            if after not in came_from:
                came_from[after] = (state, label)
                before[after] = []
                waiting.append(after)
            before[after].append(state)
        assert len(came_from) <= limit, f"over {limit} states: the model is not bounded as it was meant to be"
    stuck = _that_never_rest(before, resting)
    if stuck is not None:
        return Result(len(came_from), "never comes to rest", _way(came_from, stuck))
    return Result(len(came_from))


def _that_never_rest(before: dict[S, list[S]], resting: list[S]) -> S | None:
    """Return a state from which no way leads to rest, the nearest one, if there is any."""
    alive, waiting = set(resting), list(resting)
    while waiting:
        for state in before[waiting.pop()]:
            if state not in alive:
                alive.add(state)
                waiting.append(state)
    return next((state for state in before if state not in alive), None)


def _way(came_from: dict[S, tuple[S, str] | None], state: S) -> tuple[str, ...]:
    way = list[str]()
    step = came_from[state]
    while step is not None:
        state, label = step
        way.append(label)
        step = came_from[state]
    return tuple(reversed(way))
