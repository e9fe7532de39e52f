"""Deferred images are released by source, in groups, and what an outage keeps from being released is released later."""

from datetime import timedelta

import pytest

from faust_app.core.failure import FailureCode, Unavailable
from faust_app.core.sources.health import DEFER_SECONDS
from faust_app.flows.resilience import deferral as deferral_module
from faust_app.flows.resilience.deferral import Deferral, all_of
from tests.factories import event_record, make_request
from tests.flows.worker_harness import WorkerHarness


async def deferred(harness: WorkerHarness, shop_no: int, *hosts: str) -> None:
    for number, host in enumerate(hosts):
        row = await harness.accept_request(make_request(shop_no, f"i{number}", source_url=f"http://{host}/{number}.jpg"))
        await harness.handler.execute(harness.handler.read(event_record(row)), defer_by=timedelta(hours=1))


async def due(harness: WorkerHarness) -> set[tuple[int, bytes]]:
    return {row.key for row in await harness.rows.claim_due(100, timedelta(seconds=20))}


async def test_an_image_is_deferred_by_some_minutes_and_by_its_jitter(harness: WorkerHarness) -> None:
    outcome = Deferral(harness.rows, lambda: 1.25).defer(await harness.accept(), FailureCode.HOST_DOWN, "why")
    assert (outcome.delay, outcome.code, outcome.detail) == (timedelta(seconds=DEFER_SECONDS * 1.25), FailureCode.HOST_DOWN, "why")


async def test_a_reopened_source_has_all_its_images_released_and_no_other(harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferral_module, "_RELEASED_AT_ONCE", 1)
    await deferred(harness, 1, "a", "a", "b")
    await deferred(harness, 2, "a")
    deferral = Deferral(harness.rows, lambda: 1.0)
    deferral.reopen([(1, "a")])
    await deferral.release_reopened()
    assert await due(harness) == {(1, b"i0"), (1, b"i1")}
    deferral.reopen([all_of(1)])
    await deferral.release_reopened()
    assert await due(harness) == {(1, b"i2")}


async def test_what_an_outage_keeps_from_being_released_is_released_by_the_next_pass(harness: WorkerHarness) -> None:
    await deferred(harness, 1, "a")
    deferral = Deferral(harness.rows, lambda: 1.0)
    deferral.reopen([(1, "a")])
    harness.rows.unavailable = True
    with pytest.raises(Unavailable):
        await deferral.release_reopened()
    harness.rows.unavailable = False
    await deferral.release_reopened()
    assert await due(harness) == {(1, b"i0")}
