"""A process is ready while its dependencies answer, and says which do not."""

import asyncio

import pytest

from faust_app.core.failure import Dependency
from faust_app.flows.images.publish import GuardedDuePublisher
from faust_app.flows.monitoring import readiness as readiness_module
from faust_app.flows.monitoring.readiness import IntakeReadiness, WorkerReadiness
from faust_app.flows.resilience.gate import Gate
from tests.factories import LEASE, make_request
from tests.flows.worker_harness import WorkerHarness


def of_worker(harness: WorkerHarness) -> WorkerReadiness:
    gate = Gate(harness.breakers, harness.internal_errors)
    return WorkerReadiness(harness.rows, harness.store, harness.publisher, harness.breakers, gate)


async def test_a_process_whose_dependencies_answer_is_ready(harness: WorkerHarness) -> None:
    assert await IntakeReadiness(harness.rows).reasons() == []
    assert await of_worker(harness).reasons() == []


async def test_intake_needs_the_database_alone(harness: WorkerHarness) -> None:
    harness.store.unavailable = harness.log.unavailable = True
    assert await IntakeReadiness(harness.rows).reasons() == []
    harness.rows.unavailable = True
    assert await IntakeReadiness(harness.rows).reasons() == ["database_unavailable: fake"]


async def test_a_worker_needs_database_and_storage(harness: WorkerHarness) -> None:
    harness.store.unavailable = harness.rows.unavailable = True
    assert [reason.partition(":")[0] for reason in await of_worker(harness).reasons()] == ["database_unavailable", "storage_unavailable"]


async def test_while_a_breaker_is_open_its_reason_is_given_and_nothing_is_asked(harness: WorkerHarness) -> None:
    harness.breakers[Dependency.STORAGE].open("PutObject: SlowDown")
    harness.rows.unavailable = True
    assert await of_worker(harness).reasons() == ["storage is unavailable: PutObject: SlowDown"]


async def test_a_dependency_that_never_answers_is_unavailable(harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(readiness_module, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(harness.rows, "now", never)
    (reason,) = await IntakeReadiness(harness.rows).reasons()
    assert reason.startswith("database_unavailable: It did not answer")


async def test_kafka_that_acknowledges_nothing_is_named_and_opens_the_breaker(harness: WorkerHarness) -> None:
    await harness.accept_request(make_request(1, "a"))
    harness.rows.advance += LEASE
    harness.log.unavailable = True
    assert await GuardedDuePublisher(harness.due, harness.publisher, harness.breakers).run_pass() == 0
    assert harness.breakers[Dependency.KAFKA].is_open
    harness.log.unavailable = False
    await harness.breakers[Dependency.KAFKA].closed()
    assert await of_worker(harness).reasons() == ["kafka does not acknowledge"]
