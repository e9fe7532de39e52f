"""Outcomes that the real database refuses for their content: each ends at once, as a failure, beside others that do not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pymysql
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as with_settings

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.core.failure import Dependency, FailureCode, Permanent
from faust_app.core.images.outcome import Outcome, Retry, Stored
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.sources.content import Validators
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.images.settle import Settler
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from tests.core.test_foreign import FOREIGN
from tests.factories import LEASE, event_record, make_request, make_shown
from tests.fakes.alerts import FakeAlerts
from tests.fakes.event_log import FakeEventLog
from tests.fakes.worker_register import FakeWorkerRegister

DEAD = "dead"


@dataclass
class Harness:
    """A settler over the real rows; Kafka is a fake that keeps what it is given."""

    repository: MariaImageRepository
    database: Database
    log: FakeEventLog
    settler: Settler

    async def accepted(self, *image_ids: str) -> list[ImageRow]:
        requests = [make_request(7, image_id) for image_id in image_ids]
        keys = [request.key for request in requests]
        decisions = await self.repository.change(keys, lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True)
        return [decision.row for decision in decisions]

    async def settled(self, outcome: Outcome) -> ImageRow:
        await self.settler.settle(event_record(outcome.row), outcome)
        return (await self.repository.load([outcome.row.key]))[outcome.row.key]

    def letters(self) -> list[str]:
        return [dict(letter.headers)["shop-images-code"].decode() for letter in self.log.messages[DEAD]]


@pytest.fixture(scope="module")
def own(install: Callable[..., Settings]) -> Settings:
    """An installation whose table has a constraint of the operator's."""
    settings = install()
    with pymysql.connect(**settings.database) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE image ADD CONSTRAINT low CHECK (height IS NULL OR height < 77777)")
    return settings


@pytest.fixture
async def harness(own: Settings) -> AsyncIterator[Harness]:
    async with Database.connect(own.database, 4) as database:
        repository, log, metrics = MariaImageRepository(database), FakeEventLog(), Metrics()
        breakers = Breakers({Dependency.DATABASE: database.now, Dependency.KAFKA: log.probe}, metrics, FakeAlerts(), HeldEvents(int))
        internal_errors = InternalErrorBreaker(repository, FakeWorkerRegister(), FakeAlerts(), HeldEvents(int), lambda: 1.0)
        letters = DeadLetters(log, metrics, topic=DEAD, group="g")
        yield Harness(repository, database, log, Settler(repository, letters, breakers, internal_errors, metrics, grace=timedelta(days=7)))
        await breakers.stop()


UNSTORABLE: dict[str, dict[str, Any]] = {
    "1366: a validator of undecodable bytes": {"validators": Validators('"\udcff"')},
    "1366: a content type beyond ASCII": {"content_type": "image/ä"},
    "1406: a validator that is too long": {"validators": Validators('"' + "x" * 600 + '"')},
    "1406: a content type that is too long": {"content_type": "x" * 41},
    "1264: a side below zero": {"width": -1},
    "1264: more bytes than a column counts": {"size": 2**32},
    "4025: against a constraint": {"height": 77_777},
    "a lone surrogate, which the driver refuses": {"url": "http://h/\ud800"},
}


@pytest.mark.parametrize("what", UNSTORABLE)
async def test_an_outcome_that_is_refused_for_its_content_fails_at_once(harness: Harness, what: str) -> None:
    (row,) = await harness.accepted("bad")
    after = await harness.settled(Stored(row, replace(make_shown(row), **UNSTORABLE[what])))
    assert (after.state, after.error_code, after.scheduled_at) == (ImageState.FAILED, FailureCode.UNSTORABLE_RESULT.value, None)
    assert after.error_detail is not None
    assert after.error_detail.endswith(".")
    assert harness.letters() == [FailureCode.UNSTORABLE_RESULT.value]
    assert [entry.outcome for entry in await harness.repository.history(row.key, 9)][:1] == ["failed"]


async def test_a_time_that_no_column_takes_is_refused_alike(harness: Harness) -> None:
    (row,) = await harness.accepted("late")
    with pytest.raises(Permanent) as caught:
        await harness.database.change("UPDATE image SET open_since = %s WHERE image_id = %s", ("2026-13-45 00:00:00", row.image_id))
    assert caught.value.code is FailureCode.UNSTORABLE_RESULT
    assert "open_since" in caught.value.detail


async def test_the_object_that_was_stored_for_a_refused_outcome_is_garbage(harness: Harness) -> None:
    (row,) = await harness.accepted("object")
    shown = replace(make_shown(row), width=-1)
    await harness.settled(Stored(row, shown))
    assert await harness.database.rows("SELECT target FROM garbage WHERE image_id = %s", (row.image_id,)) == ((shown.object_key,),)


async def test_outcomes_in_one_group_with_a_refused_one_are_written(harness: Harness) -> None:
    rows = await harness.accepted(*(f"g{n}" for n in range(5)))
    outcomes = [Stored(row, replace(make_shown(row), width=-1 if row is rows[2] else 5)) for row in rows]
    after = await asyncio.gather(*(harness.settled(outcome) for outcome in outcomes))
    done, failed = ImageState.DONE, ImageState.FAILED
    assert [row.state for row in after] == [done, done, failed, done, done]


@with_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(detail=FOREIGN)
async def test_any_foreign_detail_is_written(harness: Harness, detail: str) -> None:
    """Outcomes made by hand, past the failure's own cleaning: the row is the last to look."""
    (row,) = await harness.accepted("detail")
    after = await harness.settled(Retry(row, FailureCode.SOURCE_ERROR, detail, timedelta(seconds=1)))
    assert after.error_code == FailureCode.SOURCE_ERROR.value
