"""Requests become rows: one transaction gives each its version, then the events are published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from faust_app.core.dispatch.lanes import Lane
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.outcome import SUPERSEDED, HistoryEntry
from faust_app.core.images.request_rules import Accepted, Decision, Superseded, Unchanged
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.images.transitions.accept import accept, accept_changed, placeholder
from faust_app.core.images.transitions.told import of_deleted_before, of_superseded
from faust_app.core.messages.events import ImageRequest
from faust_app.flows.images.publish import Publisher
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageRepository
from faust_app.metrics import Metrics

CATALOGUE: Final = "import"
"""The entry point of catalogue files: somebody waits for the whole of one, and for no image of it."""
PAUSED: Final = "paused"
"""The decision on a request of a paused shop, as the metric names it."""


class Intake:
    """The one way in, behind every entry point. A request is accepted when this returns: its row is committed."""

    def __init__(self, repository: ImageRepository, publisher: Publisher, metrics: Metrics, *, clock: Clock, lease: timedelta) -> None:
        self._repository = repository
        self._clock = clock
        self._publisher = publisher
        self._metrics = metrics
        self._lease = lease

    async def accept(self, requests: Sequence[ImageRequest], *, entry_point: str, only_changed: bool = False) -> list[Decision]:
        """Decide the requests in order, in one transaction, and return their decisions.

        Raises Unavailable when the database is unavailable or its answer to COMMIT was lost. Publishing follows by itself.
        """
        terms = IntakeTerms(self._lease, only_changed=only_changed)
        keys = [request.key for request in requests]
        decisions = await self._repository.change(keys, lambda locked: decide(requests, locked, terms), create=True, asked=requests)
        self.follow_up(decisions, entry_point=entry_point)
        return decisions

    async def preview(self, requests: Sequence[ImageRequest], *, only_changed: bool = False) -> list[Decision]:
        """Return the decisions that `accept` would take, and change nothing. Raises Unavailable."""
        now = await self._clock.now()
        rows = await self._repository.load([request.key for request in requests])
        unknown = {request.key: placeholder(request.key, now) for request in requests if request.key not in rows}
        _, decisions = decide(requests, Locked({**rows, **unknown}, now), IntakeTerms(self._lease, only_changed=only_changed))
        return decisions

    def count_paused(self, *, entry_point: str) -> None:
        """Count a request that was refused because its shop is paused."""
        self._metrics.requests.labels(entry_point, PAUSED).inc()

    def follow_up(self, decisions: Sequence[Decision], *, entry_point: str) -> None:
        """Count committed decisions and publish what they accepted; of an image asked for twice, the last.

        What a catalogue brings is bulk; for the rest its shop decides, by how much it sends.
        """
        newest = {decision.row.key: decision for decision in decisions if isinstance(decision, Accepted)}
        rows = [decision.row for decision in newest.values() if decision.at_once]
        self._publisher.publish_soon(rows, lane=Lane.BULK if entry_point == CATALOGUE else None)
        for decision in decisions:
            self._metrics.requests.labels(entry_point, type(decision).__name__.lower()).inc()


@dataclass(frozen=True, slots=True)
class IntakeTerms:
    """How requests are decided: the publish lease, and whether what already wants the same is left alone."""

    lease: timedelta
    only_changed: bool = False


def decide(
    requests: Sequence[ImageRequest], locked: Locked, terms: IntakeTerms, *, reached_at: Callable[[int], datetime] | None = None
) -> tuple[Changes, list[Decision]]:
    """Decide requests against their locked rows, in order.

    `reached_at` tells when the n-th request reached us; without it that is now, under the lock, so that the order of the
    locks is the order of the requests.
    """
    rule = accept_changed if terms.only_changed else accept
    rows = dict(locked.rows)
    changes, decisions = Changes(), list[Decision]()
    superseded: dict[ImageKey, ImageRow] = {}
    for number, request in enumerate(requests):
        requested_at = locked.now if reached_at is None else min(reached_at(number), locked.now)
        decision = rule(rows[request.key], request, requested_at=requested_at, now=locked.now, lease=terms.lease)
        decisions.append(decision)
        match decision:
            case Accepted(row):
                rows[row.key] = row
            case Superseded(row):
                superseded[row.key] = row
                changes.results.append(of_superseded(row, request, locked.now))
            case Unchanged(row):
                rows[row.key] = row
                if row.state is ImageState.DELETED:
                    changes.results.append(of_deleted_before(row, request, locked.now))
            case _:
                assert_never(decision)
    newest = {decision.row.key: decision.row for decision in decisions if isinstance(decision, Accepted)}
    changes.accepted.extend(rows[key] for key in newest)
    changes.repeated.extend(row for key, row in rows.items() if key not in newest and row is not locked.rows[key])
    changes.history.extend(HistoryEntry(row.key, locked.now, row.version, SUPERSEDED) for row in superseded.values())
    return changes, decisions
