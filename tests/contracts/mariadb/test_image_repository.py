"""What flows may rely on of the rows, for the fake and for MariaDB alike."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.core.failure import FailureCode
from faust_app.core.images.changes import Changes, Locked, Scheduled
from faust_app.core.images.outcome import Deferred, HistoryEntry, Outcome, Retry
from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.images.transitions.accept import begun_anew
from faust_app.core.messages.events import Op
from faust_app.core.messages.positions import IntakeOffset, Position
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.images.settle import settle_all
from faust_app.flows.ports.images import ImageRepository
from faust_app.settings import Settings
from tests.factories import LEASE, make_request, make_shown
from tests.fakes.clock import clock_of
from tests.fakes.image_repository import FakeImageRepository


@pytest.fixture(params=["fake", "mariadb"])
async def repository(request: pytest.FixtureRequest) -> AsyncIterator[ImageRepository]:
    if request.param == "fake":
        yield FakeImageRepository()
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 8) as database:
        yield MariaImageRepository(database)


NEWER = "http://source.test/newer.jpg"


async def accept(repository: ImageRepository, shop_no: int, *image_ids: str, **values: object) -> list[ImageRow]:
    requests = [make_request(shop_no, image_id, **values) for image_id in image_ids]  # type: ignore[arg-type]
    decisions = await repository.change([r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True)
    return [decision.row for decision in decisions]


async def finish(repository: ImageRepository, row: ImageRow) -> ImageRow:
    finished = replace(row, state=ImageState.DONE, shown_version=row.version, shown=make_shown(row), scheduled_at=None, open_since=None)
    entry = HistoryEntry(row.key, await clock_of(repository).now(), row.version, "stored", size=1234)
    await repository.change([row.key], lambda _: (Changes(finished=[finished], history=[entry]), None))
    return finished


async def the_row(repository: ImageRepository, row: ImageRow) -> ImageRow:
    return (await repository.load([row.key]))[row.key]


async def test_an_accepted_row_reads_back_as_it_was_written(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(
        repository, shop_no, "á", product_id="p", external_version=5, correlation_id="c", source_url="https://h:8443/ä?x=1",
        product_name="x" * 194 + "鞋子", sku="S 1",
    )  # fmt: skip
    read = await the_row(repository, row)
    assert replace(read, updated_at=None) == replace(row, updated_at=None)
    assert read.source_host == "h:8443"


async def test_the_name_of_a_product_is_written_beside_an_unfinished_version(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(repository, shop_no, "a", sku="S-1")
    (again,) = await accept(repository, shop_no, "a", product_name="Red shoe")
    read = await the_row(repository, row)
    assert (read.version, read.product_name, read.sku) == (row.version, "Red shoe", "S-1")
    assert replace(again, updated_at=None) == replace(read, updated_at=None)


async def test_ids_that_differ_only_in_case_accent_or_trailing_space_are_different_images(
    repository: ImageRepository, shop_no: int
) -> None:
    rows = await accept(repository, shop_no, "a", "A", "á", "a ")
    assert len(await repository.load([row.key for row in rows])) == 4


async def test_a_finished_row_reads_back_with_what_is_shown(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(repository, shop_no, "a")
    finished = await finish(repository, row)
    read = await the_row(repository, row)
    assert (read.state, read.shown, read.shown_version, read.scheduled_at, read.open_since) == (
        ImageState.DONE, finished.shown, row.version, None, None,
    )  # fmt: skip


async def test_accepting_again_keeps_what_is_shown_and_forgets_the_position(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(repository, shop_no, "a")
    await repository.mark_published([(row, Position("bulk", 1, 2))])
    finished = await finish(repository, await the_row(repository, row))
    await accept(repository, shop_no, "a")
    read = await the_row(repository, row)
    assert (read.shown, read.position, read.state, read.op) == (finished.shown, None, ImageState.IN_PROGRESS, Op.UPDATE)


async def test_a_placeholder_that_decide_leaves_is_not_kept(repository: ImageRepository, shop_no: int) -> None:
    def leave(locked: Locked) -> tuple[Changes, int]:
        return Changes(), locked.rows[shop_no, b"a"].version

    assert await repository.change([(shop_no, b"a")], leave, create=True) == 0
    assert await repository.load([(shop_no, b"a")]) == {}


async def test_without_create_a_missing_row_is_not_seen(repository: ImageRepository, shop_no: int) -> None:
    assert await repository.change([(shop_no, b"a")], lambda locked: (Changes(), len(locked.rows))) == 0


async def test_a_finished_row_is_refused_for_another_version(repository: ImageRepository, shop_no: int) -> None:
    (old,) = await accept(repository, shop_no, "a")
    (new,) = await accept(repository, shop_no, "a", source_url=NEWER)
    await finish(repository, old)
    read = await the_row(repository, new)
    assert (read.version, read.state) == (new.version, ImageState.IN_PROGRESS)


async def test_a_repeated_request_writes_when_it_came_and_no_history(repository: ImageRepository, shop_no: int) -> None:
    (first,) = await accept(repository, shop_no, "a")
    (second,) = await accept(repository, shop_no, "a", correlation_id="c2")
    read = await the_row(repository, first)
    assert second.version == first.version
    assert (read.version, read.requested_at, read.correlation_id) == (first.version, second.requested_at, "c2")
    assert read.requested_at > first.requested_at
    assert (read.scheduled_at, read.schedule_reason) == (first.scheduled_at, first.schedule_reason)
    assert await repository.history(first.key, 10) == []


async def test_older_requests_leave_one_line_in_the_history_of_a_version(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(repository, shop_no, "a", external_version=5)
    for _ in range(3):
        requests = [make_request(shop_no, "a", external_version=4) for _ in range(3)]
        await repository.change([row.key], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True)  # noqa: B023 - awaited here
    assert [(entry.version, entry.outcome) for entry in await repository.history(row.key, 10)] == [(row.version, "superseded")]


async def test_a_row_that_begins_anew_with_its_outcome_shows_it_and_waits(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(repository, shop_no, "a")
    now = await clock_of(repository).now()
    finished = replace(row, state=ImageState.DONE, shown_version=row.version, shown=make_shown(row), scheduled_at=None, open_since=None)
    again = begun_anew(finished, version=row.version + 1, open_since=now, scheduled_at=now, reason=ScheduleReason.UNSENT)
    await repository.change([row.key], lambda _: (Changes(finished=[finished], again=[again]), None))
    read = await the_row(repository, row)
    assert (read.version, read.state, read.schedule_reason) == (row.version + 1, ImageState.IN_PROGRESS, ScheduleReason.UNSENT)
    assert (read.shown_version, read.shown) == (row.version, finished.shown)


async def test_an_error_in_decide_changes_nothing(repository: ImageRepository, shop_no: int) -> None:
    def fail(_: Locked) -> tuple[Changes, None]:
        raise ValueError("decide failed")

    with pytest.raises(ValueError, match="decide failed"):
        await repository.change([(shop_no, b"a")], fail, create=True)
    assert await repository.load([(shop_no, b"a")]) == {}


async def test_a_position_is_written_only_under_the_lease_it_was_published_by(repository: ImageRepository, shop_no: int) -> None:
    first, second = await accept(repository, shop_no, "a", "b")
    assert first.scheduled_at is not None
    stale = replace(first, scheduled_at=first.scheduled_at - timedelta(microseconds=1))
    assert await repository.mark_published([(stale, Position("bulk", 3, 4)), (second, Position("bulk", 5, 6))]) == 1
    assert (await the_row(repository, first)).position is None
    read = await the_row(repository, second)
    assert (read.position, read.scheduled_at, read.schedule_reason) == (Position("bulk", 5, 6), None, None)


async def test_a_position_of_an_older_version_is_not_written(repository: ImageRepository, shop_no: int) -> None:
    (old,) = await accept(repository, shop_no, "a")
    (new,) = await accept(repository, shop_no, "a", source_url=NEWER)
    under_the_same_lease = replace(old, scheduled_at=new.scheduled_at)
    assert await repository.mark_published([(under_the_same_lease, Position("bulk", 3, 4))]) == 0


async def test_two_publishers_claim_different_rows_and_none_before_its_time(repository: ImageRepository, shop_no: int) -> None:
    requests = [make_request(shop_no, f"due-{n}") for n in range(20)]
    await repository.change(
        [r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(timedelta(seconds=-1))), create=True
    )
    await accept(repository, shop_no, "later")
    claims = await asyncio.gather(*(repository.claim_due(1000, LEASE) for _ in range(4)))
    mine = Counter(row.image_id for rows in claims for row in rows if row.shop_no == shop_no)
    assert mine == Counter({request.image_id.encode(): 1 for request in requests})
    now = await clock_of(repository).now()
    assert all(row.scheduled_at is not None and row.scheduled_at > now for rows in claims for row in rows)


async def test_the_newest_outcomes_come_first(repository: ImageRepository, shop_no: int) -> None:
    key, now = (shop_no, b"a"), await clock_of(repository).now()
    entries = [HistoryEntry(key, now + timedelta(seconds=n), 10 + n, "failed", code="timeout", detail="d" * 600) for n in range(3)]
    await repository.change([key], lambda _: (Changes(history=entries), None))
    read = await repository.history(key, 2)
    assert [(entry.version, entry.code, len(entry.detail or "") >= 500) for entry in read] == [(12, "timeout", True), (11, "timeout", True)]


async def test_an_offset_is_stored_with_the_rows_and_read_under_the_lock(repository: ImageRepository, shop_no: int) -> None:
    topic = f"requests-{shop_no}"
    assert await repository.intake_offset(topic, 3) is None
    stored = IntakeOffset(topic, 3, 42, None)
    before = await repository.change([], lambda locked: (Changes(offset=stored), locked.offset), offset_of=(topic, 3))
    assert before == IntakeOffset(topic, 3, 0, None)
    assert await repository.change([], lambda locked: (Changes(), locked.offset), offset_of=(topic, 3)) == stored
    assert await repository.intake_offset(topic, 3) == stored


async def test_a_change_of_many_more_rows_than_one_statement_takes_writes_them_all(repository: ImageRepository, shop_no: int) -> None:
    rows = await accept(repository, shop_no, *(f"i{n}" for n in range(1200)))
    assert len(await repository.load([row.key for row in rows])) == 1200
    assert await repository.mark_published([(row, Position("bulk", 0, n)) for n, row in enumerate(rows)]) == 1200


async def test_two_intakes_of_the_same_new_images_at_once_give_no_version_twice(repository: ImageRepository, shop_no: int) -> None:
    given: dict[bytes, list[int]] = {}

    async def client(number: int) -> None:
        for turn in range(20):
            ids = [f"k{(number * 7 + turn * 5 + step) % 40}" for step in range(0, 40, 2)]
            for row in await accept(repository, shop_no, *ids, source_url=f"http://source.test/{number}/{turn}"):
                given.setdefault(row.image_id, []).append(row.version)

    await asyncio.gather(*(client(number) for number in range(8)))
    assert sum(len(versions) for versions in given.values()) == 8 * 20 * 20
    assert all(len(versions) == len(set(versions)) for versions in given.values())
    for image_id, versions in given.items():
        assert (await repository.load([(shop_no, image_id)]))[shop_no, image_id].version == max(versions)


async def settle_scheduled(repository: ImageRepository, row: ImageRow, outcome: Outcome) -> None:
    await repository.change([row.key], lambda locked: settle_all([outcome], locked, timedelta(days=7)))


async def test_a_retry_reads_back_with_its_time_and_without_a_position(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(repository, shop_no, "a")
    await repository.mark_published([(row, Position("bulk", 3, 17))])
    await settle_scheduled(repository, row, Retry(row, FailureCode.SOURCE_ERROR, "status 500", timedelta(seconds=10)))
    read = await the_row(repository, row)
    assert (read.attempt, read.position, read.schedule_reason, read.error_code) == (1, None, ScheduleReason.RETRY, "source_error")
    assert read.scheduled_at is not None
    assert read.updated_at is not None
    assert read.scheduled_at - read.updated_at == timedelta(seconds=10)
    assert [entry.outcome for entry in await repository.history(row.key, 5)] == ["retry"]


async def test_a_row_that_waits_is_not_written_by_the_outcome_of_another_attempt(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(repository, shop_no, "a")
    late = replace(row, attempt=2, scheduled_at=row.scheduled_at, schedule_reason=ScheduleReason.RETRY)
    await repository.change([row.key], lambda _: (Changes(scheduled=[Scheduled(late, attempt=1)]), None))
    assert (await the_row(repository, row)).attempt == 0


async def test_a_deferred_row_that_is_claimed_is_dispatched_and_its_lease_is_no_deferral(repository: ImageRepository, shop_no: int) -> None:
    (row,) = await accept(repository, shop_no, "a")
    await settle_scheduled(repository, row, Deferred(row, timedelta(seconds=-1)))
    claimed = {found.key: found for found in await repository.claim_due(1000, LEASE)}[row.key]
    assert claimed.schedule_reason is ScheduleReason.DISPATCHED
    assert await repository.release_deferred(shop_no, None, 10) == 0
    assert await repository.mark_published([(claimed, Position("bulk", 0, 1))]) == 1


async def test_deferred_rows_are_released_by_shop_and_host_and_no_more_than_asked_for(repository: ImageRepository, shop_no: int) -> None:
    rows = [*await accept(repository, shop_no, "a", "b", "c"), *await accept(repository, shop_no, "x", source_url="http://other.test/x")]
    for row in rows:
        await settle_scheduled(repository, row, Deferred(row, timedelta(hours=1)))
    assert await repository.release_deferred(shop_no + 1, None, 10) == 0
    assert await repository.release_deferred(shop_no, "source.test", 2) == 2
    assert await repository.release_deferred(shop_no, "source.test", 10) == 1
    assert await repository.release_deferred(shop_no, None, 10) == 1
    due = {row.key[1] for row in await repository.claim_due(1000, LEASE) if row.shop_no == shop_no}
    assert due == {b"a", b"b", b"c", b"x"}
