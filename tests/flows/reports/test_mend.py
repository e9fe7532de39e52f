"""What the people of a shop see and start, over fakes."""

from dataclasses import replace
from datetime import timedelta

from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.outcome import Failed
from faust_app.core.images.row import ImageRow
from faust_app.core.imports.run import ImportedFile
from faust_app.core.operators.audit import Actor
from faust_app.core.reports.mend import Standing
from faust_app.core.republish.run import RunStatus
from faust_app.core.sources.addresses import NOTHING_OPENED
from faust_app.core.sources.health import SourceRecord
from faust_app.flows.images.settle import settle_all
from faust_app.flows.reports.mend import RETRIED_EVERY, Mend, Retried
from faust_app.flows.republish.control import FetchRules, Refused, RepublishControl
from tests.factories import NOW, make_request
from tests.fakes.causes import FakeCauses
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.imports import FakeImportRuns, FakeRejections
from tests.fakes.reports import FakeMendRows
from tests.fakes.republish import FakeRepublish
from tests.fakes.source_records import FakeSourceRecords
from tests.flows.worker_harness import TOPICS, WorkerHarness

SHOP = Actor("shop 7", "203.0.113.7")


class Workshop:
    def __init__(self) -> None:
        self.worker = WorkerHarness()
        self.rows = self.worker.rows
        self.store, self.causes, self.sources = FakeRepublish(self.rows), FakeCauses(self.rows), FakeSourceRecords()
        self.imports = FakeImportRuns(FakeRejections(lambda: NOW), lambda: NOW)
        offsets = FakeConsumerOffsets(self.worker.log, [spec.name for spec in TOPICS.images])
        control = RepublishControl(self.store, self.store, offsets, FetchRules(NOTHING_OPENED, frozenset({80, 443}), 1000), clock=self.rows)
        self.mend = Mend(
            FakeMendRows(self.rows), self.rows, imports=self.imports, sources=self.sources, suspicions=self.causes.suspicions,
            control=control, clock=self.rows,
        )  # fmt: skip

    async def failed(self, *image_ids: str, shop_no: int = 7, code: FailureCode = FailureCode.EMPTY, **values: object) -> list[ImageRow]:
        rows = [await self.worker.accept_request(make_request(shop_no, name, **values)) for name in image_ids]  # type: ignore[arg-type]
        for row in rows:
            await self.rows.change([row.key], lambda locked, row=row: settle_all([Failed(row, code, "")], locked, timedelta(0)))  # type: ignore[misc]
        return [self.rows.rows[row.key] for row in rows]

    async def retry(self, standing: Standing = Standing.ACT, code: str = "empty", host: str | None = "source.test") -> Retried | Refused:
        group = await self.mend.group(7, standing, code, host)
        assert group is not None
        return await self.mend.retry(7, group, SHOP)


async def test_the_page_of_a_shop_says_how_it_stands_and_how_fast_its_server_is() -> None:
    work = Workshop()
    await work.failed("a", "b", product_id="p")
    await work.failed("other", shop_no=8)
    run = await work.imports.begin(ImportedFile(7, "shop.csv", 10, b"x" * 32, "woocommerce"), "anna", None)
    work.sources.records["source.test", 0] = SourceRecord("source.test", 0, answered_at=NOW, answered_for=7, answer_seconds=1.9)
    found = await work.mend.overview(7)
    assert (found.standings.wanted, found.standings.shown, found.standings.pictureless) == (2, 0, 1)
    assert [(group.code, group.images) for group in found.groups] == [("empty", 2)]
    assert (found.last_import, found.answer_seconds) == (run, 1.9)
    other = await work.mend.overview(8)
    assert (other.last_import, other.answer_seconds, other.standings.wanted) == (None, None, 1)


async def test_a_group_is_tried_again_for_the_own_shop_alone_and_audited() -> None:
    work = Workshop()
    await work.failed("a", "b")
    await work.failed("large", code=FailureCode.TOO_LARGE)
    await work.failed("other", shop_no=8)
    retried = await work.retry()
    assert isinstance(retried, Retried)
    assert (retried.images, retried.skipped) == (2, 0)
    assert work.store.runs[retried.run].status is RunStatus.RUNNING
    assert set(work.store.of_run[retried.run]) == {(7, b"a"), (7, b"b")}
    assert {entry.actor for entry in work.store.audit} == {SHOP}
    assert {entry.action for entry in work.store.audit} == {"republish.plan", "republish.start"}


async def test_the_same_group_is_tried_again_once_in_ten_minutes() -> None:
    work = Workshop()
    await work.failed("a")
    assert isinstance(await work.retry(), Retried)
    again = await work.retry()
    assert isinstance(again, Refused)
    assert "within the last ten minutes" in again.reason
    assert len(work.store.runs) == 1
    work.rows.advance += RETRIED_EVERY
    assert isinstance(await work.retry(), Retried)


async def test_what_the_shop_cannot_mend_is_not_tried_at_its_request() -> None:
    work = Workshop()
    await work.failed("a", code=FailureCode.INTERNAL_ERROR)
    refused = await work.retry(Standing.OURS, "internal_error", None)
    assert isinstance(refused, Refused)
    assert work.store.runs == {}


async def test_one_picture_is_tried_again_and_a_good_one_is_not() -> None:
    work = Workshop()
    await work.failed("a")
    (good,) = await work.failed("b")
    work.rows.rows[good.key] = replace(good, error_code=None)
    one = await work.mend.retry_one(7, "a", SHOP)
    assert isinstance(one, Retried)
    assert set(work.store.of_run[one.run]) == {(7, b"a")}
    refused = await work.mend.retry_one(7, "nothing", SHOP)
    assert isinstance(refused, Refused)
    assert "None of these pictures" in refused.reason


async def test_a_picture_of_another_shop_is_not_found() -> None:
    work = Workshop()
    await work.failed("a", shop_no=8)
    assert await work.mend.picture(7, b"a") is None
    found = await work.mend.picture(8, b"a")
    assert found is not None
    assert found.standing is Standing.ACT


async def test_the_pictures_of_a_paused_shop_are_not_tried_again_and_it_is_told_so() -> None:
    work = Workshop()
    await work.failed("a")
    work.store.paused_shops.add(7)
    refused = await work.retry()
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("The platform has paused this shop")
