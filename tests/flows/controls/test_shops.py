"""Controls of shops: what is refused, what a process knows, and when a control is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf, nan
from typing import cast

import pytest

from faust_app.core.dispatch.shop_controls import UNLIMITED, ControlKind, ShopControl, ShopLimits
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.monitoring.workers import ListedWorker
from faust_app.core.operators.audit import Actor
from faust_app.flows.controls.shop_desk import ControlDraft, ControlRefusedError, ShopDesk
from faust_app.flows.controls.shop_limits import ShopLimitsBook
from tests.fakes.clock import FakeClock
from tests.fakes.controls import FakeShopControls
from tests.fakes.monitoring import FakeWorkerList

NOW = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - UTC, as everywhere
ADA = Actor("ada")
HOUR = timedelta(hours=1)


class Shops:
    """An operator's desk, and a process that reads what is set there."""

    def __init__(self, *workers: ListedWorker) -> None:
        self.at, self.changes = NOW, 0
        clock = FakeClock(lambda: self.at)
        self.controls = FakeShopControls(clock.now)
        self.desk = ShopDesk(self.controls, clock=clock)
        self.workers = FakeWorkerList(*workers)
        self.process = ShopLimitsBook(self.controls, self.workers, now=lambda: self.at, changed=self.changed)

    def changed(self) -> None:
        self.changes += 1

    async def set(self, kind: ControlKind, value: float | None = None, until: datetime | timedelta | None = None) -> ShopControl:
        return await self.desk.set(7, ControlDraft(kind, value, "why", until), ADA)


def worker(name: str, stop_reason: str | None = None) -> ListedWorker:
    return ListedWorker(name, "r1", NOW, NOW, stop_reason)


async def test_a_process_knows_a_control_with_its_next_pass_and_tells_of_it_once() -> None:
    shops = Shops()
    pause = await shops.set(ControlKind.PAUSE)
    assert shops.process.limits(7) == UNLIMITED
    await shops.process.run_pass()
    await shops.process.run_pass()
    assert (shops.process.limits(7), shops.process.limits(8)) == (ShopLimits(paused=True), UNLIMITED)
    assert (shops.process.pause_of(7), shops.process.pause_of(8), shops.changes) == (pause, None, 1)
    assert await shops.desk.lift(7, ControlKind.PAUSE, ADA)
    await shops.process.run_pass()
    assert (shops.process.limits(7), shops.process.pause_of(7), shops.changes) == (UNLIMITED, None, 2)


async def test_the_kinds_of_a_shop_are_set_and_lifted_each_on_its_own() -> None:
    shops = Shops()
    await shops.set(ControlKind.WEIGHT, 2)
    await shops.set(ControlKind.SLOTS, 3)
    await shops.set(ControlKind.WEIGHT, 4)
    await shops.process.run_pass()
    assert shops.process.limits(7) == ShopLimits(weight=4, slots=3)
    await shops.desk.lift(7, ControlKind.WEIGHT, ADA)
    await shops.process.run_pass()
    assert shops.process.limits(7) == ShopLimits(slots=3)


async def test_controls_are_read_again_only_when_one_was_set_or_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    shops, reads, read = Shops(), 0, FakeShopControls.controls

    async def counted(self: FakeShopControls) -> Sequence[ShopControl]:
        nonlocal reads
        reads += 1
        return await read(self)

    async def revision() -> object:
        return tuple(shops.controls.kept.items())

    monkeypatch.setattr(shops.controls, "revision", revision)
    monkeypatch.setattr(FakeShopControls, "controls", counted)
    for expected in (1, 1):
        await shops.process.run_pass()
        assert reads == expected
    await shops.set(ControlKind.WEIGHT, 2)
    for expected in (2, 2):
        await shops.process.run_pass()
        assert reads == expected
    assert shops.process.limits(7).weight == 2


async def test_images_a_minute_are_shared_by_the_workers_that_may_start_them() -> None:
    shops = Shops(worker("w1"), worker("w2"), worker("w3", "stopped by hand"))
    await shops.set(ControlKind.RATE, 600)
    await shops.process.run_pass()
    assert shops.process.limits(7).per_second == 5
    shops.workers.workers = [worker("w1")]
    await shops.process.run_pass()
    assert (shops.process.limits(7).per_second, shops.changes) == (10, 2)


async def test_workers_are_not_counted_where_no_shop_has_such_a_cap() -> None:
    shops = Shops()
    process = ShopLimitsBook(shops.controls, cast("FakeWorkerList", None), now=lambda: NOW)
    await shops.set(ControlKind.WEIGHT, 2)
    await process.run_pass()
    assert process.limits(7).weight == 2


async def test_a_control_with_an_end_is_over_by_itself() -> None:
    shops = Shops()
    assert (await shops.set(ControlKind.PAUSE, until=HOUR)).until == NOW + HOUR
    await shops.process.run_pass()
    shops.at += HOUR
    assert (await shops.desk.controls(), await shops.desk.pause_of(7), shops.process.pause_of(7)) == ([], None, None)
    await shops.process.run_pass()
    assert shops.process.limits(7) == UNLIMITED


async def test_while_the_database_does_not_answer_the_last_controls_hold_on(monkeypatch: pytest.MonkeyPatch) -> None:
    shops = Shops()
    await shops.set(ControlKind.SLOTS, 2)
    await shops.process.run_pass()

    async def unavailable(shop_no: int | None = None) -> Sequence[ShopControl]:
        raise Unavailable(Dependency.DATABASE, f"gone {shop_no}")

    await shops.set(ControlKind.SLOTS, 9)
    monkeypatch.setattr(shops.controls, "controls", unavailable)
    with pytest.raises(Unavailable):
        await shops.process.run_pass()
    await shops.process.start()
    assert shops.process.limits(7).slots == 2


@pytest.mark.parametrize(
    ("kind", "value", "reason", "until", "field", "said"),
    [
        (ControlKind.PAUSE, 1, "why", None, "value", "is not taken by a pause"),
        (ControlKind.WEIGHT, 0, "why", None, "value", "must be a number from 0.1 to 10"),
        (ControlKind.WEIGHT, nan, "why", None, "value", "must be a number from 0.1 to 10"),
        (ControlKind.RATE, inf, "why", None, "value", "must be a whole number from 1 to 100,000"),
        (ControlKind.SLOTS, None, "why", None, "value", "must be a whole number from 1 to 1,000"),
        (ControlKind.PAUSE, None, " ", None, "reason", "is needed: whoever meets the control reads it"),
        (ControlKind.PAUSE, None, "x" * 201, None, "reason", "must be at most 200 printable characters"),
        (ControlKind.PAUSE, None, "two\nlines", None, "reason", "must be at most 200 printable characters"),
        (ControlKind.PAUSE, None, "why", timedelta(), "until", "must be in the future"),
        (ControlKind.PAUSE, None, "why", NOW, "until", "must be in the future"),
        (ControlKind.PAUSE, None, "why", NOW - HOUR, "until", "must be in the future"),
        (
            ControlKind.PAUSE,
            None,
            "why",
            timedelta(days=7, seconds=1),
            "until",
            "must be at most 7 days ahead, for so long Kafka keeps events",
        ),
        (ControlKind.WEIGHT, 2, "why", NOW + timedelta(days=367), "until", "must be at most 366 days ahead"),
    ],
)
async def test_what_makes_no_sense_is_refused_at_its_field_and_changes_nothing(
    kind: ControlKind, value: float | None, reason: str, until: datetime | timedelta | None, field: str, said: str
) -> None:
    shops = Shops()
    with pytest.raises(ControlRefusedError) as refused:
        await shops.desk.set(7, ControlDraft(kind, value, reason, until), ADA)
    assert (refused.value.field, str(refused.value)) == (field, said)
    assert (shops.controls.kept, shops.controls.audit) == ({}, [])


async def test_each_change_is_audited_with_what_was_set_and_why() -> None:
    shops = Shops()
    await shops.set(ControlKind.PAUSE, until=timedelta(minutes=5))
    await shops.set(ControlKind.SLOTS, 3.0, until=NOW + HOUR)
    assert not await shops.desk.lift(7, ControlKind.RATE, ADA)
    await shops.desk.lift(7, ControlKind.PAUSE, ADA)
    await shops.desk.lift(7, ControlKind.SLOTS, ADA)
    assert [(each.action, each.target, dict(each.detail)) for each in shops.controls.audit] == [
        ("shop.pause", "shop 7", {"value": None, "reason": "why", "seconds": 300}),
        ("shop.slots", "shop 7", {"value": 3, "reason": "why", "seconds": 3600}),
        ("shop.resume", "shop 7", {}),
        ("shop.slots-lift", "shop 7", {}),
    ]
