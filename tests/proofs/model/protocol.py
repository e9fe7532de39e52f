"""The protocol of one image as a model to search: every decision is the product's own function, what surrounds them is the enemy.

The enemy lets any lease, delay or garbage be due at any moment, kills workers and publishers between any two steps, delivers
twice, commits an offset that nobody worked off, lets a PUT land late and takes away the answer of a COMMIT; of each so many
times as the scope says. Times stand for identities here: a wake is EPOCH plus a number that nobody else holds.
"""

from dataclasses import replace
from functools import cache
from typing import Any

from faust_app.core.images.row import ImageState
from faust_app.core.images.transitions.accept import placeholder
from tests.proofs.model.maintenance import Maintenance
from tests.proofs.model.publishers import Publishers
from tests.proofs.model.rules import broken_by, broken_in
from tests.proofs.model.state import EPOCH, IDLE, KEY, LOGS, State, Steps
from tests.proofs.model.workers import Workers

_alone = cache(broken_by)


class Model(Publishers, Workers, Maintenance):
    """The steps of one scope under one set of guards."""

    def first(self) -> State:
        """Return the state in which the first request is accepted and its intake is about to publish it."""
        accepted = self._accepted(placeholder(KEY, EPOCH), 0, 1)
        row = self._number(replace(accepted, attempt=self._scope.attempt, rescues=self._scope.rescues))
        publishers = tuple(sorted([("claimed", row), *[IDLE] * (self._scope.publishers - 1)]))
        workers = (IDLE,) * self._scope.workers
        nothing: frozenset[Any] = frozenset()
        return State(row, 1, ((),) * len(LOGS), nothing, publishers, workers, IDLE, IDLE, None, nothing, nothing, nothing, self._scope.left)

    def at_rest(self, state: State) -> bool:
        """Return whether every request has its outcome, or the search ends here."""
        full = any(len(log) >= self._scope.depth for log in state.logs)
        return full or (state.asked == len(self._scope.requests) and self._row(state).state is not ImageState.IN_PROGRESS)

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
        found = None if before.row == after.row else _alone(self._values[before.row], row)
        return found or broken_in(row, after.objects, after.letters)
