"""What an operator may do with a run, and how a run goes from plan to end, over fakes."""

from datetime import UTC, timedelta

import pytest

from faust_app.core.failure import Permanent
from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.outcome import Failed, Stored
from faust_app.core.images.row import ImageRow, ImageState, Origin
from faust_app.core.operators.audit import Actor
from faust_app.core.republish.items import ItemStatus
from faust_app.core.republish.run import Draft, RunStatus
from faust_app.core.republish.selection import Override, SelectedState, Selection
from faust_app.core.sources.addresses import NOTHING_OPENED
from faust_app.core.text import Place
from faust_app.flows.images.settle import settle_all
from faust_app.flows.republish.control import FetchRules, Overview, Refused, RepublishControl
from faust_app.flows.republish.run import RepublishRunner
from faust_app.metrics import Metrics
from tests.factories import SOURCE, event_record, make_request, make_shown
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.republish import FakeRepublish
from tests.flows.worker_harness import TOPICS, WorkerHarness

ADA, BOB = Actor("ada"), Actor("bob")


class Desk:
    """An operator's desk over fakes; the clock is moved by hand."""

    def __init__(self) -> None:
        self.worker = WorkerHarness()
        self.rows = self.worker.rows
        self.store = FakeRepublish(self.rows)
        offsets = FakeConsumerOffsets(self.worker.log, [spec.name for spec in TOPICS.images])
        rules = FetchRules(NOTHING_OPENED, frozenset({80, 443}), 1000)
        self.control = RepublishControl(self.store, self.store, offsets, rules, clock=self.rows)
        self.runner = RepublishRunner(
            self.store, self.store, offsets, Metrics(), clock=self.rows, place=Place(UTC), has_messenger=True
        )  # fmt: skip

    async def failed(self, *image_ids: str, **values: object) -> list[ImageRow]:
        rows = [await self.worker.accept_request(make_request(7, image_id, **values)) for image_id in image_ids]  # type: ignore[arg-type]
        for row in rows:
            await self.settle(Failed(row, FailureCode.EMPTY, ""))
        return [self.rows.rows[row.key] for row in rows]

    async def settle(self, outcome: Stored | Failed) -> None:
        await self.rows.change([outcome.row.key], lambda locked: settle_all([outcome], locked, timedelta(0)))

    async def plan(self, selection: Selection | None = None, **values: object) -> Overview:
        made = await self.control.plan(Draft(selection or Selection(), **values), ADA)  # type: ignore[arg-type]
        assert isinstance(made, Overview), made
        return made

    async def passes(self, number: int) -> None:
        for _ in range(number):
            self.rows.advance += timedelta(seconds=1)
            await self.runner.run_pass()


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_run_begins_watches_ends_and_tells(desk: Desk) -> None:
    rows = await desk.failed("a", "b", "c")
    plan = await desk.plan()
    assert plan.counts.by_status == {ItemStatus.PLANNED: 3}
    started = await desk.control.start(plan.run.number, BOB, typed=None)
    assert isinstance(started, Overview)
    await desk.passes(1)
    for row in [desk.rows.rows[each.key] for each in rows[:2]]:
        await desk.settle(Stored(row, make_shown(row)))
    await desk.passes(1)
    assert desk.store.messages == []
    await desk.settle(Failed(desk.rows.rows[rows[2].key], FailureCode.TRUNCATED, ""))
    await desk.passes(1)
    assert desk.store.runs[1].status is RunStatus.FINISHED
    (message,) = desk.store.messages
    assert "2 repaired" in message.text
    assert [(entry.actor.name, entry.action) for entry in desk.store.audit] == [("ada", "republish.plan"), ("bob", "republish.start")]


async def test_a_cancelled_run_takes_back_what_has_no_outcome(desk: Desk) -> None:
    rows = await desk.failed("a", "b")
    plan = await desk.plan()
    await desk.control.start(1, ADA, typed=None)
    await desk.passes(1)
    stored = desk.rows.rows[rows[0].key]
    await desk.settle(Stored(stored, make_shown(stored)))
    assert isinstance(await desk.control.cancel(plan.run.number, ADA), Overview)
    await desk.passes(1)
    assert desk.store.runs[1].status is RunStatus.CANCELLED
    assert (await desk.store.counts(1)).by_status == {ItemStatus.REPAIRED: 1, ItemStatus.TAKEN_BACK: 1}
    assert desk.rows.rows[rows[1].key].state is ImageState.FAILED


async def test_a_repair_is_fetched_whole_and_stored_again_even_if_it_is_the_same(desk: Desk) -> None:
    stored = await desk.worker.stored()
    await desk.plan(Selection(states=(SelectedState.DONE,), include_good=True))
    await desk.control.start(1, ADA, typed=None)
    await desk.passes(1)
    await desk.worker.execute(event_record(desk.worker.row))
    after = desk.worker.row
    assert (after.state, after.version > stored.version) == (ImageState.DONE, True)
    assert after.shown is not None
    assert stored.shown is not None
    assert after.shown.object_key != stored.shown.object_key
    assert not desk.worker.fetcher.fetched[-1][1].etag


async def test_a_good_image_whose_second_fetch_fails_has_no_dead_letter(desk: Desk) -> None:
    await desk.worker.stored()
    await desk.plan(Selection(states=(SelectedState.DONE,), include_good=True))
    await desk.control.start(1, ADA, typed=None)
    await desk.passes(1)
    desk.worker.fetcher.sources[SOURCE] = Permanent(FailureCode.EMPTY, "empty")
    await desk.worker.execute(event_record(desk.worker.row, retry_count=0))
    assert desk.worker.row.state is ImageState.DONE
    assert desk.worker.log.messages["p.dead-letter"] == []


async def test_a_request_that_came_during_the_run_is_not_taken_back(desk: Desk) -> None:
    (row,) = await desk.failed("a")
    await desk.plan()
    await desk.control.start(1, ADA, typed=None)
    await desk.passes(1)
    again = await desk.worker.accept_request(make_request(7, "a"))
    assert again.version == desk.rows.rows[row.key].version  # it was answered as one that changes nothing
    await desk.control.cancel(1, ADA)
    await desk.passes(1)
    after = desk.rows.rows[row.key]
    assert (after.state, after.origin, after.version > again.version) == (ImageState.IN_PROGRESS, Origin.SHOP, True)
    assert (await desk.store.counts(1)).by_status == {ItemStatus.REPLACED: 1}


async def test_a_run_that_is_not_there_is_named_as_such(desk: Desk) -> None:
    control = desk.control
    for refused in (
        await control.start(9, ADA, typed=None), await control.pause(9, ADA), await control.resume(9, ADA),
        await control.cancel(9, ADA), await control.set_rate(9, 5, ADA), await control.try_one(9, ADA),
    ):  # fmt: skip
        assert isinstance(refused, Refused)
        assert "no such run" in refused.reason


async def test_what_a_run_cannot_do_now_is_refused_and_changes_nothing(desk: Desk) -> None:
    await desk.failed("a")
    await desk.plan()
    for refused in (await desk.control.pause(1, ADA), await desk.control.resume(1, ADA)):
        assert refused == Refused(f"The run is planned; it cannot be {'paused' if 'paused' in str(refused) else 'resumed'}.")
    await desk.control.start(1, ADA, typed=None)
    assert isinstance(await desk.control.try_one(1, ADA), Refused)
    await desk.control.cancel(1, ADA)
    await desk.passes(1)
    for again in (await desk.control.cancel(1, ADA), await desk.control.set_rate(1, 5, ADA), await desk.control.start(1, ADA, typed=None)):
        assert isinstance(again, Refused) or again.run.status is RunStatus.CANCELLED


async def test_more_than_a_thousand_images_start_only_with_their_number(desk: Desk) -> None:
    await desk.failed(*(f"i{n}" for n in range(1001)))
    await desk.plan()
    for typed in (None, 1000):
        refused = await desk.control.start(1, ADA, typed=typed)
        assert isinstance(refused, Refused)
        assert "1,001" in refused.reason
    assert isinstance(await desk.control.start(1, ADA, typed=1001), Overview)


async def test_an_old_plan_and_an_empty_one_do_not_start(desk: Desk) -> None:
    await desk.failed("a")
    await desk.plan()
    desk.rows.advance += timedelta(hours=2)
    old = await desk.control.start(1, ADA, typed=None)
    assert isinstance(old, Refused)
    assert "over an hour old" in old.reason
    await desk.plan(Selection(shops=(99,)))
    assert isinstance(await desk.control.start(2, ADA, typed=None), Refused)


async def test_setting_a_reason_to_skip_aside_needs_a_reason(desk: Desk) -> None:
    selection = Selection(overrides=(Override.SIZE_REFUSED,))
    assert isinstance(await desk.control.plan(Draft(selection), ADA), Refused)
    assert isinstance(await desk.control.plan(Draft(selection, reason="the shop exported them smaller"), ADA), Overview)


@pytest.mark.parametrize("rate", [0, 0.5, 1001, float("inf"), float("nan")])
async def test_a_rate_out_of_bounds_is_refused(desk: Desk, rate: float) -> None:
    assert isinstance(await desk.control.plan(Draft(Selection(), rate), ADA), Refused)
    assert isinstance(await desk.control.set_rate(1, rate, ADA), Refused)


async def test_a_key_used_for_another_selection_is_refused_and_one_of_another_sender_is_not(desk: Desk) -> None:
    draft = Draft(Selection(shops=(7,)), request_key="k")
    first = await desk.control.plan(draft, ADA)
    again = await desk.control.plan(draft, ADA)
    assert isinstance(first, Overview)
    assert isinstance(again, Overview)
    assert again.run.number == first.run.number
    assert isinstance(await desk.control.plan(Draft(Selection(shops=(8,)), request_key="k"), ADA), Refused)
    other = await desk.control.plan(draft, BOB)
    assert isinstance(other, Overview)
    assert other.run.number != first.run.number


async def test_an_address_that_is_refused_today_is_skipped(desk: Desk) -> None:
    await desk.failed("private", source_url="http://10.0.0.7/a.jpg")
    await desk.failed("port", source_url="http://shop.test:8080/a.jpg")
    await desk.failed("fine")
    plan = await desk.plan()
    assert plan.counts.by_status == {ItemStatus.ADDRESS_REFUSED: 2, ItemStatus.PLANNED: 1}
