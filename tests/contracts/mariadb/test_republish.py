"""What flows may rely on of republish runs, for the fake and for MariaDB alike; the plan's SQL says what the pure rule says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from faust_app.adapters.mariadb.controls import MariaShopControls
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.adapters.mariadb.republish_items import MariaRepublishItems
from faust_app.adapters.mariadb.republish_runs import MariaRepublishRuns
from faust_app.core.dispatch.shop_controls import ControlKind, ShopControl
from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.changes import Changes
from faust_app.core.images.outcome import Failed, Outcome, Stored
from faust_app.core.images.row import ImageKey, ImageRow, ImageState, Origin, ScheduleReason
from faust_app.core.messages.positions import PartitionOffsets, Position
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.republish.items import ItemStatus, TodaysRules, planned_as
from faust_app.core.republish.run import Draft, Run, RunStatus
from faust_app.core.republish.selection import ImageRef, Override, SelectedState, Selection
from faust_app.flows.images.settle import settle_all
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.republish import RepublishItems, RepublishRuns
from faust_app.settings import Settings
from tests.contracts.mariadb.test_image_repository import accept, finish
from tests.factories import make_shown
from tests.fakes.clock import clock_of
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.republish import FakeRepublish

OFFSETS = {("bulk", 0): PartitionOffsets(100, 10, 200)}
AUDIT = AuditEntry(datetime(2026, 3, 1), Actor("ada"), "republish.plan", "republish")  # noqa: DTZ001 - UTC without a zone
REFUSED = "127.0.0.1:9"
EVERYTHING = tuple(SelectedState)


def rules(hosts: set[str]) -> TodaysRules:
    return TodaysRules(frozenset(hosts & {REFUSED}), 5000)


@dataclass
class Site:
    rows: ImageRepository
    runs: RepublishRuns
    items: RepublishItems
    database: Database | None
    audited: Callable[[], Awaitable[list[tuple[str, str, str]]]]

    async def plan(self, selection: Selection, *, rate: float = 1000.0, key: str | None = None) -> Run:
        return await self.runs.plan(Draft(selection, rate, None, key), OFFSETS, rules, AUDIT)

    async def begin(self, run: Run, count: int) -> int:
        """Begin until so many are begun; the rate allows some a second."""
        begun = 0
        while begun < count:
            begun += await self.items.begin(run.number, OFFSETS)
            await asyncio.sleep(0)
        return begun

    async def pause(self, shop_no: int) -> None:
        if isinstance(self.runs, FakeRepublish):
            self.runs.paused_shops.add(shop_no)
            return
        assert self.database is not None
        pause = ShopControl(shop_no, ControlKind.PAUSE, None, "why", "ada", AUDIT.at)
        await MariaShopControls(self.database).set(pause, replace(AUDIT, action="shop.pause"))

    async def row(self, row: ImageRow) -> ImageRow:
        return (await self.rows.load([row.key]))[row.key]

    async def settle(self, outcome: Outcome) -> None:
        await self.rows.change([outcome.row.key], lambda locked: settle_all([outcome], locked, timedelta(0)))

    async def failed(self, shop_no: int, *image_ids: str, code: FailureCode = FailureCode.EMPTY, detail: str = "") -> list[ImageRow]:
        rows = await accept(self.rows, shop_no, *image_ids)
        for row in rows:
            await self.settle(Failed(row, code, detail))
        return [await self.row(row) for row in rows]

    async def statuses(self, run: Run) -> dict[ItemStatus, int]:
        return dict((await self.runs.counts(run.number)).by_status)

    async def planned(self, run: Run) -> dict[ImageKey, ItemStatus]:
        return {item.key: status for status in ItemStatus for item in await self.runs.items(run.number, status, None, 10_000)}


@pytest.fixture(params=["fake", "mariadb"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    if request.param == "fake":
        fake_rows = FakeImageRepository()
        fake_rows.release = "r1"
        fake = FakeRepublish(fake_rows)

        async def kept() -> list[tuple[str, str, str]]:
            return [(entry.actor.name, entry.action, entry.target) for entry in fake.audit]

        yield Site(fake_rows, fake, fake, None, kept)
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 4) as database:
        author = Author("r1", "w1")

        async def stored() -> list[tuple[str, str, str]]:
            found = await database.rows("SELECT actor, action, target FROM audit ORDER BY id")
            return [(actor, action, target) for actor, action, target in found]

        rows = MariaImageRepository(database, author)
        yield Site(rows, MariaRepublishRuns(database), MariaRepublishItems(database, author), database, stored)


async def rewritten(site: Site, row: ImageRow) -> None:
    """Write what no transition writes into a row."""
    if isinstance(site.rows, FakeImageRepository):
        site.rows.rows[row.key] = row
        return
    assert site.database is not None
    sql = "UPDATE image SET state = %s, source_host = %s, republishes = %s, error_code = %s WHERE shop_no = %s AND image_id = %s"
    await site.database.change(sql, (row.state.value, row.source_host, row.republishes, row.error_code, *row.key))


def of_shop(shop_no: int, **values: object) -> Selection:
    return Selection(shops=(shop_no,), **values)  # type: ignore[arg-type]


STATES: list[Callable[[ImageRow], ImageRow]] = [
    lambda row: replace(row, state=ImageState.DONE, shown=make_shown(row), shown_version=row.version, open_since=None),
    lambda row: replace(row, state=ImageState.DELETED, open_since=None),
    lambda row: replace(row, state=ImageState.FAILED, error_code="empty", open_since=None),
    lambda row: replace(row, state=ImageState.FAILED, error_code="too_large", error_detail="The source sent more than 5000 bytes."),
    lambda row: replace(row, state=ImageState.FAILED, error_code="too_large", error_detail="The source sent more than 4000 bytes."),
    lambda row: replace(row, state=ImageState.FAILED, error_code="too_large", error_detail="of no known size"),
    lambda row: replace(row, state=ImageState.FAILED, error_code="side_too_long"),
]
PLACES = [Position("bulk", 0, 99), Position("bulk", 0, 100), Position("old", 0, 5), None]


async def every_kind_of_row(site: Site, shop_no: int) -> list[ImageRow]:
    """Make rows of every state, host, place and number of republishes."""
    kinds = list(product(STATES, ("source.test", REFUSED), (0, 3)))
    names = [f"s{n}" for n in range(len(kinds))]
    made = []
    for row, (state, host, republishes) in zip(await accept(site.rows, shop_no, *names), kinds, strict=True):
        made.append(replace(state(row), source_host=host, republishes=republishes, scheduled_at=None, schedule_reason=None))
    open_rows = await accept(site.rows, shop_no, *(f"p{n}" for n in range(len(PLACES) + 1)))
    await site.rows.mark_published([(row, place) for row, place in zip(open_rows, PLACES, strict=False) if place])
    await site.rows.change([row.key for row in made], lambda _: (Changes(finished=made), None))
    for row in made:
        await rewritten(site, row)
    keys = [row.key for row in (*made, *open_rows)]
    return list((await site.rows.load(keys)).values())


@pytest.mark.parametrize(("include_good", "paused"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("overrides", [(), (Override.ADDRESS_REFUSED,), (Override.SIZE_REFUSED, Override.REPUBLISHED_OFTEN)])
async def test_the_plan_says_of_every_row_what_the_rule_says(
    site: Site, shop_no: int, *, include_good: bool, paused: bool, overrides: tuple[Override, ...]
) -> None:
    rows = await every_kind_of_row(site, shop_no)
    if paused:
        await site.pause(shop_no)
    run = await site.plan(of_shop(shop_no, states=EVERYTHING, include_good=include_good, overrides=overrides))
    planned = await site.planned(run)
    today = replace(rules({REFUSED}), paused_shops=frozenset({shop_no} if paused else ()))
    expected = {row.key: planned_as(row, OFFSETS, today, include_good=include_good, overrides=overrides) for row in rows}
    assert planned == expected
    assert len(set(expected.values())) >= (3 if paused else 4)
    assert (ItemStatus.SHOP_PAUSED in expected.values(), ItemStatus.PLANNED in expected.values()) == (paused, not paused)


async def test_an_image_whose_shop_was_paused_since_the_plan_is_skipped_and_stays_as_it_is(site: Site, shop_no: int) -> None:
    (row,) = await site.failed(shop_no, "a")
    run = await site.plan(of_shop(shop_no))
    assert await site.statuses(run) == {ItemStatus.PLANNED: 1}
    await site.pause(shop_no)
    assert await site.items.try_one(run.number, OFFSETS, AUDIT) is None
    assert await site.statuses(run) == {ItemStatus.SHOP_PAUSED: 1}
    assert await site.row(row) == row


@pytest.mark.parametrize(
    ("chosen", "matches"),
    [
        ({"states": ("failed",)}, {b"f1", b"f2"}),
        ({"codes": ("empty",)}, {b"f1"}),
        ({"cause": "truncated\tsource.test"}, set()),
        ({"hosts": ("source.test",)}, {b"f1", b"f2", b"lost"}),
        ({"hosts": ("other.test",)}, set()),
        ({"judged_by": "r1"}, {b"f1", b"f2"}),
        ({"judged_by": "r2"}, set()),
        ({"states": ("done",), "include_good": True}, {b"done"}),
        ({"states": ("lost",)}, {b"lost"}),
        ({"states": ("queued",)}, {b"queued"}),
        ({"states": ("scheduled",)}, {b"scheduled"}),
        ({"product_id": "p"}, set()),
        ({"since": datetime(2030, 1, 1, tzinfo=UTC)}, set()),
        ({"until": datetime(2030, 1, 1, tzinfo=UTC)}, {b"f1", b"f2", b"lost"}),
        ({}, {b"f1", b"f2", b"lost"}),
    ],
)
async def test_a_selection_matches_what_it_names(site: Site, shop_no: int, chosen: dict[str, object], matches: set[bytes]) -> None:
    await site.failed(shop_no, "f1")
    await site.failed(shop_no, "f2", code=FailureCode.TRUNCATED)
    done, lost, queued, _ = await accept(site.rows, shop_no, "done", "lost", "queued", "scheduled")
    await finish(site.rows, done)
    await site.rows.mark_published([(lost, Position("bulk", 0, 3)), (queued, Position("bulk", 0, 150))])
    selection = Selection.model_validate({"shops": [shop_no], **chosen})
    run = await site.plan(selection)
    assert {image_id for _, image_id in await site.planned(run)} == matches


async def test_ten_thousand_named_images_are_found_by_their_keys(site: Site, shop_no: int) -> None:
    await site.failed(shop_no, "a", "b")
    named = tuple(ImageRef(shop_no=shop_no, image_id=f"i{n}") for n in range(9_998))
    run = await site.plan(Selection(images=(*named, ImageRef(shop_no=shop_no, image_id="a"), ImageRef(shop_no=shop_no, image_id="b"))))
    assert await site.statuses(run) == {ItemStatus.PLANNED: 2}


async def test_a_repeated_key_gets_the_plan_of_the_first_request(site: Site, shop_no: int) -> None:
    await site.failed(shop_no, "a")
    plans = await asyncio.gather(*(site.plan(of_shop(shop_no), key=f"key {shop_no}") for _ in range(4)))
    assert len({run.number for run in plans}) == 1
    assert (await site.runs.counts(plans[0].number)).images == 1


async def test_two_operators_who_start_equal_plans_at_once_get_one_run(site: Site, shop_no: int) -> None:
    await site.failed(shop_no, "a")
    plans = [await site.plan(of_shop(shop_no)) for _ in range(4)]
    started = await asyncio.gather(*(site.runs.start(plan.number, AUDIT) for plan in plans))
    assert len({run.number for run in started if run}) == 1
    assert {run.status for run in started if run} == {RunStatus.RUNNING}


async def started(site: Site, selection: Selection, rate: float = 1000.0) -> Run:
    run = await site.runs.start((await site.plan(selection, rate=rate)).number, AUDIT)
    assert run is not None
    return run


async def test_a_failed_image_begins_anew_for_repair_and_is_repaired(site: Site, shop_no: int) -> None:
    (failed,) = await site.failed(shop_no, "a")
    run = await started(site, of_shop(shop_no))
    assert await site.begin(run, 1) == 1
    row = await site.row(failed)
    assert (row.state, row.origin, row.schedule_reason, row.republishes) == (
        ImageState.IN_PROGRESS, Origin.REPAIR, ScheduleReason.REPUBLISHED, 1,
    )  # fmt: skip
    assert row.version > failed.version
    await site.settle(Stored(row, make_shown(row)))
    assert await site.items.watch(run.number, None, 100) is None
    assert await site.statuses(run) == {ItemStatus.REPAIRED: 1}
    assert (await site.row(failed)).republishes == 0


async def test_a_failure_is_told_apart_by_its_code(site: Site, shop_no: int) -> None:
    rows = await site.failed(shop_no, "a", "b")
    run = await started(site, of_shop(shop_no))
    await site.begin(run, 2)
    for row, code in zip([await site.row(each) for each in rows], (FailureCode.EMPTY, FailureCode.TRUNCATED), strict=True):
        await site.settle(Failed(row, code, "again"))
    await site.items.watch(run.number, None, 100)
    assert await site.statuses(run) == {ItemStatus.FAILED_SAME: 1, ItemStatus.FAILED_OTHERWISE: 1}


async def test_a_good_image_whose_second_fetch_fails_stays_good_with_a_note(site: Site, shop_no: int) -> None:
    (row,) = await accept(site.rows, shop_no, "a")
    done = await finish(site.rows, row)
    run = await started(site, of_shop(shop_no, states=(SelectedState.DONE,), include_good=True))
    await site.begin(run, 1)
    begun = await site.row(row)
    assert begun.refetched
    await site.settle(Failed(begun, FailureCode.EMPTY, "nothing came"))
    after = await site.row(row)
    assert done.shown is not None
    assert after.shown is not None
    assert (after.state, after.shown.object_key, after.shown_version, after.error_code, after.refetched) == (
        ImageState.DONE, done.shown.object_key, begun.version, "empty", False,
    )  # fmt: skip
    await site.items.watch(run.number, None, 100)
    assert await site.statuses(run) == {ItemStatus.STILL_GOOD: 1}


async def test_what_moved_on_since_the_plan_is_skipped_for_its_reason(site: Site, shop_no: int) -> None:
    again, deleted, _ = await site.failed(shop_no, "again", "deleted", "same")
    run = await started(site, of_shop(shop_no))
    await accept(site.rows, shop_no, "again")
    await rewritten(site, replace(deleted, state=ImageState.DELETED))
    await site.begin(run, 1)
    assert await site.statuses(run) == {ItemStatus.NEWER_VERSION: 1, ItemStatus.DELETED: 1, ItemStatus.BEGUN: 1}
    assert (await site.row(again)).origin is Origin.SHOP


async def test_taking_back_restores_every_row_by_a_version_of_its_own(site: Site, shop_no: int) -> None:
    (failed,) = await site.failed(shop_no, "failed", detail="why")
    (row,) = await accept(site.rows, shop_no, "good")
    await finish(site.rows, row)
    (lost,) = await accept(site.rows, shop_no, "lost")
    await site.rows.mark_published([(lost, Position("bulk", 0, 3))])
    good = await site.row(row)
    states = (SelectedState.FAILED, SelectedState.DONE, SelectedState.LOST)
    run = await started(site, of_shop(shop_no, states=states, include_good=True))
    await site.begin(run, 3)
    begun = {each.key: await site.row(each) for each in (failed, good)}
    assert await site.runs.change(run.number, (RunStatus.RUNNING,), RunStatus.CANCELLING, AUDIT)
    assert await site.items.take_back(run.number, 500) == 3
    assert await site.statuses(run) == {ItemStatus.TAKEN_BACK: 3}
    after_failed, after_good, after_lost = [await site.row(each) for each in (failed, good, lost)]
    assert _standing(after_failed) == _standing(failed)
    assert _standing(after_good) == _standing(good)
    assert after_good.shown_version == after_good.version
    assert (after_lost.state, after_lost.schedule_reason) == (ImageState.IN_PROGRESS, ScheduleReason.RESCUED)
    assert [row.judged_by for row in (after_failed, after_good)] == [row.judged_by for row in (failed, good)]
    assert all(site_row.version > begun[site_row.key].version for site_row in (after_failed, after_good))
    for each in begun.values():  # a worker that had begun comes too late
        await site.settle(Stored(each, make_shown(each)))
    assert [await site.row(each) for each in (failed, good)] == [after_failed, after_good]


def _standing(row: ImageRow) -> tuple[object, ...]:
    key = row.shown.object_key if row.shown else None
    return row.state, row.error_code, row.error_detail, row.fingerprint, row.scheduled_at, row.position, key, row.republishes


async def test_a_run_begins_no_more_than_its_rate_allows_and_nothing_while_paused(site: Site, shop_no: int) -> None:
    await site.failed(shop_no, *(f"i{n}" for n in range(30)))
    run = await started(site, of_shop(shop_no), rate=10)
    assert run.started_at is not None
    for _ in range(40):
        await site.items.begin(run.number, OFFSETS)
    begun = (await site.statuses(run)).get(ItemStatus.BEGUN, 0)
    assert begun <= 10 * (await clock_of(site.rows).now() - run.started_at).total_seconds()
    assert await site.runs.change(run.number, (RunStatus.RUNNING,), RunStatus.PAUSED, AUDIT)
    assert await site.items.begin(run.number, OFFSETS) == 0


async def test_two_runners_at_once_begin_every_image_once(site: Site, shop_no: int) -> None:
    rows = await site.failed(shop_no, *(f"i{n}" for n in range(50)))
    run = await started(site, of_shop(shop_no))

    async def runner() -> int:
        begun = 0
        while (await site.items.left(run.number)).to_begin:
            begun += await site.items.begin(run.number, OFFSETS)
        return begun

    assert sum(await asyncio.gather(runner(), runner(), runner())) == 50
    outcomes = [entry.outcome for row in rows for entry in await site.rows.history(row.key, 9)]
    assert outcomes.count("republished") == 50


async def test_one_image_of_a_plan_can_be_tried_and_the_start_leaves_it_out(site: Site, shop_no: int) -> None:
    await site.failed(shop_no, "a", "b")
    plan = await site.plan(of_shop(shop_no))
    key: ImageKey | None = await site.items.try_one(plan.number, OFFSETS, AUDIT)
    assert key == (shop_no, b"a")
    assert await site.statuses(plan) == {ItemStatus.BEGUN: 1, ItemStatus.PLANNED: 1}
    assert await site.runs.start(plan.number, AUDIT) is not None
    assert await site.items.try_one(plan.number, OFFSETS, AUDIT) is None


async def test_an_outcome_keeps_the_release_and_the_worker_that_wrote_it(settings: Settings, shop_no: int) -> None:
    async with Database.connect(settings.database, 2) as database:
        rows = MariaImageRepository(database, Author("r1", "w1"))
        (row,) = await accept(rows, shop_no, "a")
        await rows.change([row.key], lambda locked: settle_all([Failed(row, FailureCode.EMPTY, "")], locked, timedelta(0)))
        (entry,) = await rows.history(row.key, 1)
        assert (entry.judged_by, entry.worker) == ("r1", "w1")
        assert (await rows.load([row.key]))[row.key].judged_by == "r1"


async def test_every_change_is_audited_with_it(site: Site, shop_no: int) -> None:
    await site.failed(shop_no, "a")
    before = len(await site.audited())
    run = await started(site, of_shop(shop_no))
    assert await site.runs.set_rate(run.number, 5, replace(AUDIT, action="republish.rate"))
    assert not await site.runs.change(run.number, (RunStatus.PAUSED,), RunStatus.RUNNING, AUDIT)
    target = f"republish {run.number}"
    assert (await site.audited())[before:] == [
        ("ada", "republish.plan", target), ("ada", "republish.plan", target), ("ada", "republish.rate", target),
    ]  # fmt: skip


async def test_a_run_ends_once_and_lets_an_equal_one_start(site: Site, shop_no: int) -> None:
    await site.failed(shop_no, "a")
    run = await started(site, of_shop(shop_no))
    assert await site.runs.end(run, RunStatus.FINISHED, None)
    assert not await site.runs.end(run, RunStatus.FINISHED, None)
    assert (await started(site, of_shop(shop_no))).number != run.number
