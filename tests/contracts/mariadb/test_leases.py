"""A task that one process runs at a time, over leases in memory and in MariaDB alike."""

import asyncio
from datetime import timedelta

import pytest

from faust_app.core.failure import Dependency, Unavailable
from faust_app.flows.maintenance.lease import LeasedTask, under_lease
from faust_app.metrics import Metrics
from tests.contracts.conftest import AlertStore
from tests.fakes.alerts import FakeAlertStore

ME, RIVAL = "host:1", "host:2"


class Task:
    """Counts its passes; a pass takes until `go_on` is set."""

    def __init__(self) -> None:
        self.passes = 0
        self.at_once = 0
        self.most_at_once = 0
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self) -> int:
        self.passes += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        self.started.set()
        try:
            await self.go_on.wait()
        finally:
            self.at_once -= 1
        return self.passes


def runner(store: AlertStore, task: Task, holder: str) -> LeasedTask[int]:
    return LeasedTask("task", task, leases=store.leases, holder=holder, metrics=Metrics())


async def let_pass(store: AlertStore, seconds: float) -> None:
    """Age the lease by `seconds`."""
    if isinstance(store.leases, FakeAlertStore):
        store.leases.now += timedelta(seconds=seconds)
    elif store.database is not None:
        await store.database.change("UPDATE lease SET `until` = `until` - INTERVAL %s SECOND", (seconds,))


async def test_of_two_runners_one_works(alert_store: AlertStore) -> None:
    task = Task()
    first, second = (runner(alert_store, task, holder) for holder in (ME, RIVAL))
    under_way = asyncio.create_task(first.run_pass())
    await task.started.wait()
    assert await second.run_pass() is None
    task.go_on.set()
    assert await under_way == 1
    results = [await each.run_pass() for each in (second, first, second, first)]
    assert (results, task.most_at_once) == ([None, 2, None, 3], 1), "who holds the lease keeps it between its passes"


async def test_of_many_runners_that_start_at_once_one_works(alert_store: AlertStore) -> None:
    task = Task()
    task.go_on.set()
    results = await asyncio.gather(*(runner(alert_store, task, f"host:{n}").run_pass() for n in range(8)))
    assert sorted(results, key=lambda result: result is None) == [1, *[None] * 7]


async def test_a_killed_holder_is_followed_after_half_a_minute_and_not_before(alert_store: AlertStore) -> None:
    task = Task()
    task.go_on.set()
    assert await runner(alert_store, task, ME).run_pass() == 1
    await let_pass(alert_store, 29)
    rival = runner(alert_store, task, RIVAL)
    assert await rival.run_pass() is None
    await let_pass(alert_store, 1.1)
    assert await rival.run_pass() == 2
    assert await runner(alert_store, task, ME).run_pass() is None, "and who comes back late has lost it"


async def test_a_clean_stop_lets_another_follow_at_once(alert_store: AlertStore) -> None:
    task = Task()
    task.go_on.set()
    first = runner(alert_store, task, ME)
    await first.run_pass()
    await first.release()
    assert await runner(alert_store, task, RIVAL).run_pass() == 2


async def test_a_long_pass_keeps_its_lease(alert_store: AlertStore) -> None:
    asked = 0
    task = Task()

    async def hold() -> bool:
        nonlocal asked
        held = await alert_store.leases.hold("task", ME)
        await let_pass(alert_store, 20)
        asked += 1
        if asked == 4:
            task.go_on.set()
        return held

    assert await under_lease("task", hold, task, renew=timedelta(seconds=0.001)) == 1
    assert asked == 4
    assert not await alert_store.leases.hold("task", RIVAL), "60 seconds after it was taken, it is still held"


async def test_a_pass_ends_when_another_has_the_lease(alert_store: AlertStore) -> None:
    task, is_taken = Task(), asyncio.Event()

    async def hold() -> bool:
        if task.started.is_set():  # a renewal, which comes too late
            await is_taken.wait()
        return await alert_store.leases.hold("task", ME)

    pass_ = asyncio.create_task(under_lease("task", hold, task, renew=timedelta(seconds=0.01)))
    await task.started.wait()
    await let_pass(alert_store, 31)
    assert await alert_store.leases.hold("task", RIVAL)
    is_taken.set()
    assert await pass_ is None
    assert task.at_once == 0


async def test_a_pass_ends_with_its_lease_while_the_database_is_unavailable() -> None:
    task, answers = Task(), iter([True])

    async def hold() -> bool:
        if next(answers, False):
            return True
        raise Unavailable(Dependency.DATABASE, "fake")

    assert await under_lease("task", hold, task, lease=timedelta(seconds=0.05), renew=timedelta(seconds=0.01)) is None
    assert task.at_once == 0


async def test_an_error_of_the_pass_is_its_own(alert_store: AlertStore) -> None:
    async def fail() -> int:
        raise TimeoutError("of the pass")

    with pytest.raises(TimeoutError, match="of the pass"):
        await under_lease("task", lambda: alert_store.leases.hold("task", ME), fail)


async def test_an_error_in_renewing_ends_the_pass_and_is_told(alert_store: AlertStore, caplog: pytest.LogCaptureFixture) -> None:
    task, asked = Task(), 0

    async def hold() -> bool:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise ZeroDivisionError
        return True

    assert await under_lease("task", hold, task, lease=timedelta(seconds=0.05), renew=timedelta(seconds=0.01)) is None
    assert "renewing a lease failed unexpectedly" in caplog.text


async def test_whether_a_process_holds_the_lease_is_shown(alert_store: AlertStore) -> None:
    task, metrics = Task(), Metrics()
    task.go_on.set()
    await LeasedTask("task", task, leases=alert_store.leases, holder=ME, metrics=metrics).run_pass()
    assert metrics.registry.get_sample_value("shop_images_lease_held", {"task": "task"}) == 1
    await let_pass(alert_store, 31)
    await alert_store.leases.hold("task", RIVAL)
    await LeasedTask("task", task, leases=alert_store.leases, holder=ME, metrics=metrics).run_pass()
    assert metrics.registry.get_sample_value("shop_images_lease_held", {"task": "task"}) == 0


async def test_who_has_no_lease_stands_down(alert_store: AlertStore) -> None:
    task, words = Task(), list[str]()
    task.go_on.set()

    def named(holder: str) -> LeasedTask[int]:
        return LeasedTask(
            "task", task, leases=alert_store.leases, holder=holder, metrics=Metrics(), stand_down=lambda: words.append(holder)
        )

    first, second = named(ME), named(RIVAL)
    await first.run_pass()
    await second.run_pass()
    assert words == [RIVAL]
    await first.release()
    await second.run_pass()
    await first.run_pass()
    assert words == [RIVAL, ME]
