"""Every state that an image can come into, whatever dies, repeats, forgets or comes late: no promise is broken in any of them."""

from dataclasses import replace
from typing import Any

import pytest

from faust_app.core.images.outcome import Outcome, Settlement
from faust_app.core.images.plan import Plan, Store, plan
from faust_app.core.images.request_rules import Accepted
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.images.transitions.accept import accept
from faust_app.core.images.transitions.settle import settle
from faust_app.core.messages.events import ImageEvent, Op
from faust_app.core.messages.positions import Position
from faust_app.core.monitoring.unfinished import UnfinishedState
from tests.proofs.model.protocol import Model
from tests.proofs.model.search import Result, search
from tests.proofs.model.state import Guards, Left, Scope, State

R, U, D = Op.REGISTER, Op.UPDATE, Op.DELETE
LIMIT = 100_000
SCOPES = {
    "a source that fails and is deferred": Scope(left=Left(fail=2, defer=1), attempt=2, rescues=2),
    "somebody dies": Scope(left=Left(die=1, fail=1), attempt=2, rescues=2),
    "an event comes twice": Scope(left=Left(twice=1, fail=1), attempt=2, rescues=2),
    "an offset is committed and its event forgotten": Scope(left=Left(forget=1, fail=1), attempt=2, rescues=2),
    "a running event is acked early": Scope(left=Left(ack_early=1, die=1, fail=1), attempt=2, rescues=2, depth=2),
    "an update, other bytes, an answer of COMMIT lost": Scope((R, U), Left(lost_answer=1, change=1), depth=2, collects=True),
    "an update and a late PUT": Scope((R, U), Left(late_put=1), depth=2, collects=True),
    "a deletion, a late PUT and a death": Scope((R, D), Left(late_put=1, die=1), depth=2, collects=True),
    "an image that comes back": Scope((R, D, R), Left(late_put=1, die=1), publishers=1, collects=True),
    "an update and a deletion": Scope((R, U, D), Left(late_put=1), publishers=1, collects=True),
}


def searched(scope: Scope, guards: Guards = Guards()) -> Result[State]:  # noqa: B008 - a frozen value
    model = Model(scope, guards)
    return search(model.first(), model.steps, model.at_rest, limit=LIMIT)


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES.keys())
def test_no_order_of_steps_breaks_a_promise_and_every_state_can_come_to_rest(scope: Scope) -> None:
    result = searched(scope)
    assert result.broken is None, str(result)
    assert result.states > 5000, "the search went somewhere"


# Each guard that is taken out is missed.


def settles_any_version(current: ImageRow, outcome: Outcome, **terms: Any) -> Settlement:
    open_row = replace(current, version=outcome.row.version) if current.state is ImageState.IN_PROGRESS else current
    return settle(open_row, outcome, **terms)


def settles_any_attempt(current: ImageRow, outcome: Outcome, **terms: Any) -> Settlement:
    return settle(current, replace(outcome, row=replace(outcome.row, attempt=current.attempt)), **terms)


def places_under_any_lease(current: ImageRow, published: ImageRow, position: Position) -> ImageRow | None:
    if current.state is not ImageState.IN_PROGRESS or current.version != published.version:
        return None
    return replace(current, position=position, scheduled_at=None, schedule_reason=None)


def works_on_old_copies(event: ImageEvent, row: ImageRow) -> Plan:
    return plan(replace(event, retry_count=row.attempt) if event.version == row.version else event, row)


def trusts_any_validators(event: ImageEvent, row: ImageRow) -> Plan:
    planned = plan(event, row)
    return replace(planned, validators=row.shown.validators) if isinstance(planned, Store) and row.shown else planned


def reopens_the_version(row: ImageRow, *request: Any, **terms: Any) -> Accepted:
    decision = accept(row, *request, **terms)
    assert isinstance(decision, Accepted)
    return Accepted(replace(decision.row, version=max(row.version, 1)))


MUTANTS = {
    "the version guard of an outcome": (Scope((R, U), depth=2), Guards(settle=settles_any_version), "the version fell"),
    "the attempt guard of a retry": (
        Scope(left=Left(fail=2), attempt=1, depth=2),
        Guards(settle=settles_any_attempt),
        "an attempt is counted twice",
    ),
    "the old copies that are skipped": (
        Scope(left=Left(fail=2), attempt=1, depth=2),
        Guards(plan=works_on_old_copies),
        "an attempt is counted twice",
    ),
    "the lease of a position": (
        Scope(left=Left(defer=1), depth=2),
        Guards(placed=places_under_any_lease),
        "rescued, and its event still waits",
    ),
    "the offsets that the rescue asks": (
        Scope(depth=2),
        Guards(classify_unfinished=lambda row, _: UnfinishedState.LOST if row.position else UnfinishedState.SCHEDULED),
        "rescued, and its event still waits",
    ),
    "the rescue": (
        Scope(left=Left(forget=1), depth=2),
        Guards(classify_unfinished=lambda _, __: UnfinishedState.QUEUED),
        "never comes to rest",
    ),
    "the rule of the collector": (
        Scope((R, U), depth=2, collects=True),
        Guards(may_collect=lambda key, _, row: row.shown is None or row.shown.object_key != key),
        "the object that is shown does not exist",
    ),
    "the new version of a new request": (
        Scope((R, U), depth=2),
        Guards(accept=reopens_the_version),
        "what is shown is not what its address has",
    ),
    "the address that validators are kept with": (
        Scope((R, U), depth=2),
        Guards(plan=trusts_any_validators),
        "what is shown is not what its address has",
    ),
}


@pytest.mark.parametrize(("scope", "guards", "broken"), MUTANTS.values(), ids=MUTANTS.keys())
def test_without_one_guard_a_promise_is_broken(scope: Scope, guards: Guards, broken: str) -> None:
    assert searched(scope).broken is None, "with every guard the scope holds"
    result = searched(scope, guards)
    assert result.broken == broken, str(result)
    assert result.way, "the way there is told"
