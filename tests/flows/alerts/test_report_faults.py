"""A fault of the platform reaches its alert, also when the database is the fault: then people hear of it without it."""

import asyncio
from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind, PlatformFault
from faust_app.core.alerts.message import Form, Undelivered
from faust_app.core.text import Place
from faust_app.flows.alerts import report_faults
from faust_app.flows.alerts.report_faults import DIRECT_AFTER, DIRECT_AGAIN, FaultReporter
from faust_app.metrics import Metrics
from tests.fakes.alerts import FakeAlertStore, FakeMessenger
from tests.flows.alerts.sender_harness import ZONE, Harness

STORAGE = FaultKind.DEPENDENCY_STORAGE
DATABASE = FaultKind.DEPENDENCY_DATABASE


class Process:
    """One process on the clock of the store."""

    def __init__(self, store: FakeAlertStore, name: str = "host:1", messenger: FakeMessenger | None = None) -> None:
        self.store, self.messenger, self.metrics = store, messenger, Metrics()
        self.began = store.now
        self.reporter = FaultReporter(
            store, messenger, self.metrics, worker=name, place=Place(ZONE), seconds=self._seconds, now=lambda: store.now
        )

    def _seconds(self) -> float:
        return (self.store.now - self.began).total_seconds()

    async def go_on(self, seconds: float, step: float = 5.0) -> None:
        for _ in range(round(seconds / step)):
            await self.reporter.run_pass()
            self.store.now += timedelta(seconds=step)

    def ended(self, kind: FaultKind, host: str | None = None) -> bool:
        return self.store.rows[PlatformFault(kind, "x", host=host).fingerprint].ended_at is not None


@pytest.fixture
def store() -> FakeAlertStore:
    return FakeAlertStore()


@pytest.fixture
def messenger() -> FakeMessenger:
    return FakeMessenger()


@pytest.fixture
def process(store: FakeAlertStore, messenger: FakeMessenger) -> Process:
    return Process(store, messenger=messenger)


async def test_a_fault_is_written_as_old_as_it_is_with_its_facts(process: Process) -> None:
    process.reporter.open(STORAGE, detail="AccessDenied", waiting=3)
    process.store.now += timedelta(seconds=4)
    await process.go_on(5)
    (alert,) = process.store.rows.values()
    assert (alert.code, alert.detail, alert.occurrences) == ("dependency_storage", "AccessDenied", 1)
    assert alert.opened_at == process.began
    assert process.store.workers == {(alert.fingerprint, "host:1"): (alert.last_at, 3)}


async def test_a_fault_that_lasts_is_repeated_so_that_nobody_takes_it_for_over(process: Process) -> None:
    process.reporter.open(STORAGE)
    await process.go_on(3 * 3600)
    (alert,) = process.store.rows.values()
    assert alert.occurrences == 1
    assert process.store.now - alert.last_at <= timedelta(seconds=65)
    process.reporter.close(STORAGE)
    await process.go_on(5)
    assert process.ended(STORAGE)
    last = process.store.rows[alert.fingerprint].last_at
    await process.go_on(300)
    assert process.store.rows[alert.fingerprint].last_at == last, "what is over is repeated no more"


async def test_two_processes_have_one_alert_that_ends_with_the_last(store: FakeAlertStore) -> None:
    one, two = Process(store, "host:1"), Process(store, "host:2")
    for process in (one, two):
        process.reporter.open(FaultKind.EGRESS)
        await process.go_on(5)
    one.reporter.close(FaultKind.EGRESS)
    await one.go_on(5)
    assert not one.ended(FaultKind.EGRESS)
    two.reporter.close(FaultKind.EGRESS)
    await two.go_on(5)
    assert one.ended(FaultKind.EGRESS)


async def test_a_process_that_died_with_its_fault_does_not_keep_the_alert_open(store: FakeAlertStore) -> None:
    dead, living = Process(store, "host:1"), Process(store, "host:2")
    for process in (dead, living):
        process.reporter.open(FaultKind.EGRESS)
        await process.go_on(5)
    await living.go_on(240)
    living.reporter.close(FaultKind.EGRESS)
    await living.go_on(5)
    assert living.ended(FaultKind.EGRESS)


async def test_what_opens_and_closes_between_two_passes_is_written_as_both(process: Process) -> None:
    process.reporter.open(FaultKind.HOST_DOWN, host="h")
    process.reporter.close(FaultKind.HOST_DOWN, host="h")
    process.reporter.close(FaultKind.HOST_DOWN, host="never opened")
    await process.go_on(5)
    assert process.ended(FaultKind.HOST_DOWN, "h")
    assert len(process.store.rows) == 1


async def test_a_fault_that_returns_before_the_pass_is_not_over(process: Process) -> None:
    process.reporter.open(STORAGE)
    await process.go_on(5)
    process.reporter.close(STORAGE)
    process.reporter.open(STORAGE, detail="again")
    await process.go_on(5)
    assert not process.ended(STORAGE)
    assert next(iter(process.store.rows.values())).detail == "again"


# The database is the fault


async def test_that_the_database_is_unavailable_is_known_from_the_first_pass_without_an_answer(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_faults, "DATABASE_SECONDS", 0.001)
    assert not process.reporter.database_is_unavailable
    monkeypatch.setattr(process.store, "ping", _never)
    await process.go_on(5)
    assert process.reporter.database_is_unavailable
    monkeypatch.undo()
    await process.go_on(5)
    assert not process.reporter.database_is_unavailable


async def test_an_unavailable_database_is_told_by_the_process_itself_and_once(process: Process, messenger: FakeMessenger) -> None:
    process.store.unavailable = True
    await process.go_on(DIRECT_AFTER)
    assert messenger.taken == []
    await process.go_on(3600)
    (message,) = messenger.taken
    assert message.title == "[platform, wake] The database is unavailable"
    assert "13:00 Europe/Berlin (12:00 UTC)" in message.text
    assert "1 process (host:1)" in message.text
    assert message.text.endswith("every process that cannot reach it sends this once.")
    assert process.store.rows == {}


async def test_a_database_that_never_answers_is_as_unavailable_as_one_that_refuses(
    process: Process, messenger: FakeMessenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_faults, "DATABASE_SECONDS", 0.001)
    monkeypatch.setattr(process.store, "open_fault", _never)
    process.reporter.open(STORAGE)
    await process.go_on(5)
    monkeypatch.setattr(process.store, "ping", _never)
    await process.go_on(60)
    (message,) = messenger.taken
    assert {cause.code for cause in message.causes} == {"dependency_database", "dependency_storage"}
    monkeypatch.undo()
    await process.go_on(5)
    assert len(process.store.rows) == 2, "what was cut off is written when it answers"


async def _never(*_: object, **__: object) -> None:
    await asyncio.get_running_loop().create_future()


async def test_a_short_outage_is_told_by_nobody_alone(process: Process, messenger: FakeMessenger) -> None:
    process.store.unavailable = True
    await process.go_on(DIRECT_AFTER)
    process.store.unavailable = False
    await process.go_on(60)
    assert (messenger.taken, process.store.rows) == ([], {})


async def test_what_else_is_wrong_without_the_database_goes_into_the_same_message(process: Process, messenger: FakeMessenger) -> None:
    process.store.unavailable = True
    process.reporter.open(STORAGE, waiting=9)
    process.reporter.open(FaultKind.EGRESS)
    process.reporter.close(FaultKind.EGRESS)
    await process.go_on(60)
    (message,) = messenger.taken
    assert message.form is Form.GROUP
    assert {cause.code for cause in message.causes} == {"dependency_database", "dependency_storage"}
    process.reporter.open(FaultKind.HOST_DOWN, host="h")
    await process.go_on(DIRECT_AGAIN - 120)
    assert len(messenger.taken) == 1, "no second message so soon"
    await process.go_on(180)
    assert [cause.code for cause in messenger.taken[1].causes] == ["host_down"]


async def test_what_was_written_before_the_database_went_is_the_senders_to_tell(process: Process, messenger: FakeMessenger) -> None:
    process.reporter.open(STORAGE)
    await process.go_on(5)
    process.store.unavailable = True
    await process.go_on(60)
    (message,) = messenger.taken
    assert [cause.code for cause in message.causes] == ["dependency_database"]


async def test_when_the_database_is_back_nobody_is_told_twice_of_what_began_or_is_over() -> None:
    harness = Harness()
    await harness.sender.run_pass()
    processes = [Process(harness.store, f"host:{n}", harness.messenger) for n in range(3)]
    processes[0].reporter.open(STORAGE)
    await harness.sender.run_pass()
    harness.store.unavailable = True
    for _ in range(120):
        for process in processes:
            await process.reporter.run_pass()
        harness.store.now += timedelta(seconds=5)
    alone = len(harness.messenger.taken)
    assert alone == len(processes), "one each"
    harness.store.unavailable = False
    for _ in range(60):
        for process in processes:
            await process.reporter.run_pass()
        await harness.sender.run_pass()
        harness.store.now += timedelta(seconds=5)
    after = [(cause.notice, cause.code) for message in harness.messenger.taken[alone:] for cause in message.causes]
    assert after == [("closed", "dependency_database")]
    alert = harness.store.rows[PlatformFault(DATABASE, "x").fingerprint]
    assert (alert.occurrences, alert.opened_at) == (3, processes[0].began)
    assert not processes[0].ended(STORAGE)


async def test_while_the_messenger_is_unavailable_too_it_is_asked_ever_less_often_under_one_id(
    process: Process, messenger: FakeMessenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids: list[str] = []
    send = messenger.send

    async def noted(webhook_id: str, message: object) -> object:
        ids.append(webhook_id)
        return await send(webhook_id, message)  # type: ignore[arg-type]

    monkeypatch.setattr(messenger, "send", noted)
    process.store.unavailable, messenger.unavailable = True, Undelivered("status 503")
    await process.go_on(600)
    assert 10 <= len(ids) <= 16
    messenger.unavailable = None
    await process.go_on(120)
    assert len(messenger.taken) == 1
    assert len(set(ids)) == 1


async def test_what_nobody_could_be_told_of_is_left_to_the_sender(process: Process, messenger: FakeMessenger) -> None:
    process.store.unavailable, messenger.unavailable = True, Undelivered("status 503")
    await process.go_on(600)
    process.store.unavailable, messenger.unavailable = False, None
    await process.go_on(60)
    (alert,) = process.store.rows.values()
    assert (alert.reported_count, process.ended(DATABASE), messenger.taken) == (0, True, [])


async def test_without_a_messenger_nothing_is_told_and_nothing_forgotten(store: FakeAlertStore) -> None:
    process = Process(store)
    store.unavailable = True
    await process.go_on(600)
    store.unavailable = False
    await process.go_on(10)
    assert process.ended(DATABASE)
