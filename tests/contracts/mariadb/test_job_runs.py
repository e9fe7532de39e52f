"""What daily jobs may rely on of their runs, in memory and in MariaDB alike; and that a job is run once for each date."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from faust_app.adapters.mariadb.alert_messages import MariaAlertOutbox
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.job_runs import MariaJobRuns
from faust_app.core.alerts.message import AlertMessage, Form
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.failure_codes import Severity
from faust_app.core.maintenance.jobs import FinishedRun, RunResult
from faust_app.flows.maintenance.daily_job import Daily, DailyJob
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.maintenance import JobRuns
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from tests.contracts.conftest import emptied
from tests.factories import NOW
from tests.fakes.clock import FakeClock
from tests.fakes.job_runs import FakeJobRuns

ME, RIVAL = "host:1", "host:2"
DAY = date(2026, 3, 1)
FOUND = {"lost": 0, "shops": [[7, 1]]}


@dataclass
class Store:
    runs: JobRuns
    clock: Clock
    messages: Callable[[], Awaitable[list[str]]]
    database: Database | None = None

    async def let_pass(self, seconds: float) -> None:
        """Age the lease by `seconds`."""
        if isinstance(self.runs, FakeJobRuns):
            self.runs.now += timedelta(seconds=seconds)
        elif self.database is not None:
            await self.database.change("UPDATE lease SET `until` = `until` - INTERVAL %s SECOND", (seconds,))


@pytest.fixture(params=["fake", "mariadb"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "fake":
        fake = FakeJobRuns()

        async def titles() -> list[str]:
            return [message.title for message in fake.messages]

        yield Store(fake, FakeClock(lambda: fake.now), titles)
        return
    settings: Settings = request.getfixturevalue("alert_settings")
    async with Database.connect(settings.database, 8) as database:
        await emptied(database)

        async def told() -> list[str]:
            waiting = await MariaAlertOutbox(database).claim(timedelta(0))
            ((count,),) = await database.rows("SELECT COUNT(*) FROM alert_message")
            assert count == (waiting is not None)
            return [] if waiting is None else [waiting.message.title]

        yield Store(MariaJobRuns(database), database, told, database)


def message(at: datetime, title: str = "T") -> AlertMessage:
    return AlertMessage(Form.DIGEST, at, Severity.PLATFORM, title, "text")


async def test_a_run_is_one_processes_and_done_once(store: Store) -> None:
    assert await store.runs.hold("job", DAY, ME)
    assert await store.runs.hold("job", DAY, ME), "renewed"
    assert not await store.runs.hold("job", DAY, RIVAL)
    assert await store.runs.hold("job", DAY + timedelta(days=1), RIVAL)
    assert await store.runs.hold("other", DAY, RIVAL)
    now = await store.clock.now()
    assert await store.runs.last("job") is None
    assert await store.runs.finish("job", DAY, ME, RunResult(FOUND, message(now)))
    assert not await store.runs.finish("job", DAY, ME, RunResult(FOUND, message(now))), "and no second message"
    assert await store.messages() == ["T"]
    assert not await store.runs.hold("job", DAY, ME)
    now, last = await store.clock.now(), await store.runs.last("job")
    assert last is not None
    assert (last.day, last.result, last.finished <= now) == (DAY, FOUND, True)
    assert await store.runs.finished_before("job", now) == last
    assert await store.runs.finished_before("job", last.finished - timedelta(seconds=1)) is None


async def test_the_run_of_a_process_that_died_is_begun_again_after_half_a_minute(store: Store) -> None:
    assert await store.runs.hold("job", DAY, ME)
    await store.let_pass(29)
    assert not await store.runs.hold("job", DAY, RIVAL)
    await store.let_pass(1.1)
    assert await store.runs.hold("job", DAY, RIVAL)
    now = await store.clock.now()
    assert not await store.runs.finish("job", DAY, ME, RunResult({}, message(now))), "who comes back late has nothing to say"
    assert await store.messages() == []
    assert await store.runs.finish("job", DAY, RIVAL, RunResult({}))


async def test_of_many_rivals_one_gets_the_run(store: Store) -> None:
    got = await asyncio.gather(*(store.runs.hold("job", DAY, f"host:{n}") for n in range(8)))
    assert sum(got) == 1


# Once a day over all processes


class Job:
    """Counts its runs; each finds what its number is."""

    def __init__(self) -> None:
        self.runs = 0
        self.lasts: list[FinishedRun | None] = []
        self.unfinished = 0
        self.error: Exception | None = None

    async def __call__(self, now: datetime, last: FinishedRun | None) -> RunResult | None:
        if self.error is not None:
            raise self.error
        self.runs += 1
        self.lasts.append(last)
        if self.unfinished:
            self.unfinished -= 1
            return None
        return RunResult({"run": self.runs}, message(now) if self.runs == 1 else None)


def process(store: Store, job: Job, holder: str, *, zone: str = "UTC") -> DailyJob:
    return DailyJob("job", job, store.runs, Daily(ZoneInfo(zone), time(3), holder), Metrics(), clock=store.clock)


async def test_over_all_processes_a_date_is_run_once_and_told_once(store: Store) -> None:
    job = Job()
    processes = [process(store, job, f"host:{n}") for n in range(6)]
    done = await asyncio.gather(*(each.run_pass() for each in processes))
    assert (sum(done), job.runs) == (1, 1)
    assert sum([await each.run_pass() for each in processes]) == 0
    assert await store.messages() == ["T"]


async def test_a_job_with_more_to_do_goes_on_at_the_next_pass(store: Store) -> None:
    job = Job()
    job.unfinished = 2
    mine, rival = process(store, job, ME), process(store, job, RIVAL)
    assert [await mine.run_pass(), await rival.run_pass(), await mine.run_pass(), await mine.run_pass()] == [False, False, False, True]
    assert job.runs == 3


async def test_a_run_that_was_cut_off_is_run_again_by_whoever_comes_first(store: Store) -> None:
    job = Job()
    job.error = Unavailable(Dependency.KAFKA, "fake")
    mine, rival = process(store, job, ME), process(store, job, RIVAL)
    with pytest.raises(Unavailable):
        await mine.run_pass()
    job.error = None
    assert not await rival.run_pass()
    await store.let_pass(31)
    assert await rival.run_pass()
    assert not await mine.run_pass()


async def test_what_was_missed_is_one_run_that_knows_the_last() -> None:
    fake = FakeJobRuns(datetime(2026, 3, 1, 12))  # noqa: DTZ001 - UTC without a zone
    job, metrics = Job(), Metrics()
    mine = DailyJob("job", job, fake, Daily(ZoneInfo("Europe/Berlin"), time(3), ME), metrics, clock=FakeClock(lambda: fake.now))
    assert await mine.run_pass()
    for hours, runs in ((13, 1), (14.5, 2), (24 * 5, 3), (24 * 5 + 1, 3)):
        fake.now = datetime(2026, 3, 1, 12) + timedelta(hours=hours)  # noqa: DTZ001 - as above
        await mine.run_pass()
        assert job.runs == runs, f"after {hours} hours"
    assert [None if last is None else last.result for last in job.lasts] == [None, {"run": 1}, {"run": 2}]
    assert sorted(day.isoformat() for _, day in fake.runs) == ["2026-03-01", "2026-03-02", "2026-03-06"]
    assert metrics.registry.get_sample_value("shop_images_job_finished_timestamp_seconds", {"daily_job": "job"}) == 1772798400.0


async def test_a_job_that_never_finished_shows_when_it_was_first_asked_for() -> None:
    fake, job, metrics = FakeJobRuns(NOW), Job(), Metrics()
    job.error = Unavailable(Dependency.KAFKA, "gone")
    mine = DailyJob("job", job, fake, Daily(ZoneInfo("UTC"), time(3), ME), metrics, clock=FakeClock(lambda: fake.now))
    for hours in (0, 30):
        fake.now = NOW + timedelta(hours=hours)
        with pytest.raises(Unavailable):
            await mine.run_pass()
        shown = metrics.registry.get_sample_value("shop_images_job_finished_timestamp_seconds", {"daily_job": "job"})
        assert shown == NOW.replace(tzinfo=UTC).timestamp(), "the first pass, also after a day"


async def test_while_the_database_is_unavailable_nothing_is_run() -> None:
    fake, job = FakeJobRuns(NOW), Job()
    fake.unavailable = True
    with pytest.raises(Unavailable):
        await DailyJob("job", job, fake, Daily(ZoneInfo("UTC"), time(3), ME), Metrics(), clock=FakeClock(lambda: fake.now)).run_pass()
    assert job.runs == 0
