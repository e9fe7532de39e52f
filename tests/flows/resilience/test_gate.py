"""When a worker may start events, when it may start every one, and the reasons why not."""

import pytest

from faust_app.core.failure import Dependency
from faust_app.flows.resilience.gate import Gate
from tests.flows.worker_harness import WorkerHarness


@pytest.fixture
async def gate(harness: WorkerHarness) -> Gate:
    await harness.internal_errors.run_pass()
    return Gate(harness.breakers, harness.internal_errors)


async def test_while_nothing_is_wrong_every_event_may_start(gate: Gate) -> None:
    assert (gate.may_start(), gate.is_open(), gate.reasons()) == (True, True, [])


async def test_before_a_worker_has_read_its_row_none_may_start(harness: WorkerHarness) -> None:
    gate = Gate(harness.breakers, harness.internal_errors)
    assert (gate.may_start(), gate.is_open()) == (False, False)


@pytest.mark.parametrize("dependency", Dependency)
async def test_without_our_own_network_some_events_may_start_and_without_anything_else_none(
    harness: WorkerHarness, gate: Gate, dependency: Dependency
) -> None:
    harness.breakers[dependency].open("It does not answer.")
    assert (gate.may_start(), gate.is_open()) == (dependency is Dependency.EGRESS, False)
    assert gate.reasons() == [f"{dependency.value} is unavailable: It does not answer."]


async def test_a_stopped_worker_says_how_it_is_lifted(harness: WorkerHarness) -> None:
    harness.register.stopped = "10 of 50 outcomes were errors."
    await harness.internal_errors.run_pass()
    gate = Gate(harness.breakers, harness.internal_errors)
    assert (gate.may_start(), gate.is_open()) == (False, False)
    assert gate.reasons() == ["stopped after internal errors: 10 of 50 outcomes were errors. `shop-images resume` lifts it."]
