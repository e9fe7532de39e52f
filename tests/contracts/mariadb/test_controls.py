"""What the controls of lanes and shops keep, in memory and in the database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from faust_app.adapters.mariadb.controls import MariaControls, MariaShopControls
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.retention import MariaOldRows
from faust_app.core.dispatch.lanes import Lane, LanePause
from faust_app.core.dispatch.shop_controls import RESUME_ACTION, ControlKind, ShopControl, target_of
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.flows.ports.controls import Controls, ShopControls
from faust_app.settings import Settings
from tests.fakes.controls import FakeControls, FakeShopControls

AT = datetime(2026, 3, 1, 12, 0, 0, 123456)  # noqa: DTZ001 - as the database keeps it
PAUSE = LanePause(Lane.BULK, "the shops' source is down; 5 % of “all”", "ada", AT, AT + timedelta(hours=2))


@pytest.fixture(params=["fake", "mariadb"])
async def controls(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Controls]:
    if request.param == "fake":
        yield FakeControls()
        return
    async with Database.connect(settings.database, 1) as database:
        await database.change("DELETE FROM control")
        yield MariaControls(database)


def entry(action: str) -> AuditEntry:
    return AuditEntry(AT, Actor("ada"), action, "bulk")


async def test_a_pause_is_kept_as_it_was_set_and_the_next_takes_its_place(controls: Controls) -> None:
    await controls.pause(PAUSE, entry("lane.pause"))
    assert list(await controls.pauses()) == [PAUSE]
    later = LanePause(Lane.BULK, "still", "bob", AT + timedelta(hours=1))
    await controls.pause(later, entry("lane.pause"))
    await controls.pause(LanePause(Lane.RETRY, "too", "bob", AT), entry("lane.pause"))
    assert [(each.lane, each.reason, each.until) for each in await controls.pauses()] == [
        (Lane.BULK, "still", None),
        (Lane.RETRY, "too", None),
    ]


async def test_a_lane_is_resumed_once(controls: Controls) -> None:
    await controls.pause(PAUSE, entry("lane.pause"))
    assert await controls.resume(Lane.BULK, entry("lane.resume"))
    assert not await controls.resume(Lane.BULK, entry("lane.resume"))
    assert list(await controls.pauses()) == []


async def test_each_change_has_its_audit_entry_and_nothing_else_has(settings: Settings) -> None:
    async with Database.connect(settings.database, 1) as database:
        await database.change("DELETE FROM control")
        await database.change("DELETE FROM audit WHERE action LIKE 'lane.%%'")
        controls = MariaControls(database)
        await controls.pause(PAUSE, entry("lane.pause"))
        await controls.resume(Lane.BULK, entry("lane.resume"))
        await controls.resume(Lane.BULK, entry("lane.resume"))
        found = await database.rows("SELECT action FROM audit WHERE action LIKE 'lane.%%' ORDER BY id")
        assert list(found) == [("lane.pause",), ("lane.resume",)]


LARGEST = 2**53 - 1
SLOTS = ShopControl(7, ControlKind.SLOTS, 3.0, "its server is weak; 5 % of “all”", "ada", AT, AT + timedelta(hours=2))
PAUSED = ShopControl(LARGEST, ControlKind.PAUSE, None, "why", "ada", AT)


@pytest.fixture(params=["fake", "mariadb"])
async def of_shops(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[ShopControls]:
    async with Database.connect(settings.database, 1) as database:
        await database.change("DELETE FROM control")
        yield FakeShopControls(database.now) if request.param == "fake" else MariaShopControls(database)


async def test_a_control_of_a_shop_is_kept_as_it_was_set_and_the_next_takes_its_place(of_shops: ShopControls) -> None:
    await of_shops.set(PAUSED, entry("shop.pause"))
    await of_shops.set(SLOTS, entry("shop.slots"))
    later = replace(SLOTS, value=4.0, by="bob", until=None)
    weight = replace(SLOTS, kind=ControlKind.WEIGHT, value=0.1)
    await of_shops.set(later, entry("shop.slots"))
    await of_shops.set(weight, entry("shop.weight"))
    assert list(await of_shops.controls()) == [later, weight, PAUSED]
    assert list(await of_shops.controls(7)) == [later, weight]
    assert list(await of_shops.controls(77)) == []


async def test_a_control_of_a_shop_is_lifted_once_and_alone(of_shops: ShopControls) -> None:
    for control in (SLOTS, replace(SLOTS, shop_no=77), PAUSED):
        await of_shops.set(control, entry("shop.slots"))
    assert await of_shops.lift(7, ControlKind.SLOTS, entry("shop.slots"))
    assert not await of_shops.lift(7, ControlKind.SLOTS, entry("shop.slots"))
    assert not await of_shops.lift(77, ControlKind.PAUSE, entry("shop.slots"))
    assert list(await of_shops.controls()) == [replace(SLOTS, shop_no=77), PAUSED]


async def test_a_shop_is_paused_until_the_end_of_its_pause(of_shops: ShopControls) -> None:
    ended = ShopControl(8, ControlKind.PAUSE, None, "why", "ada", AT, AT + timedelta(hours=1))
    lasting = replace(ended, shop_no=9, until=datetime(9999, 1, 1))  # noqa: DTZ001 - as the database keeps it
    for control in (SLOTS, PAUSED, ended, lasting):
        await of_shops.set(control, entry("shop.pause"))
    assert await of_shops.paused_shops() == {9, LARGEST}


async def test_the_audit_tells_which_pauses_were_lifted_lately(of_shops: ShopControls) -> None:
    def lifted(shop_no: int, action: str = RESUME_ACTION) -> AuditEntry:
        return AuditEntry(AT + timedelta(days=3650, seconds=shop_no), Actor("ada"), action, target_of(shop_no))

    for shop_no in (8, 9, 10):
        await of_shops.set(replace(PAUSED, shop_no=shop_no), entry("shop.pause"))
        await of_shops.lift(shop_no, ControlKind.PAUSE, lifted(shop_no))
    await of_shops.set(replace(SLOTS, shop_no=11), entry("shop.slots"))
    await of_shops.lift(11, ControlKind.SLOTS, lifted(11, "shop.slots-lift"))
    assert await of_shops.resumed_since(lifted(9).at) == {9, 10}


async def test_the_revision_is_another_one_after_each_change_and_the_same_without_one(of_shops: ShopControls) -> None:
    seen = [await of_shops.revision()]
    for change in (SLOTS, replace(SLOTS, value=4.0), replace(SLOTS, reason="other"), replace(SLOTS, until=None), PAUSED):
        await of_shops.set(change, entry("shop.slots"))
        seen.append(await of_shops.revision())
        assert await of_shops.revision() == seen[-1]
    await of_shops.lift(7, ControlKind.SLOTS, entry("shop.slots"))
    seen.append(await of_shops.revision())
    assert len(set(seen)) == len(seen)


async def test_lanes_and_shops_know_nothing_of_each_other_nor_of_rows_that_make_no_sense(settings: Settings) -> None:
    async with Database.connect(settings.database, 1) as database:
        await database.change("DELETE FROM control")
        lanes, shops = MariaControls(database), MariaShopControls(database)
        await lanes.pause(PAUSE, entry("lane.pause"))
        await shops.set(SLOTS, entry("shop.slots"))
        for name, value in (("7:weight", 99.0), ("7:colour", None), ("x:pause", None), ("7", 1.0), ("8:pause", 1.0)):
            sql = "INSERT INTO control (subject, name, value, reason, actor, paused_at) VALUES ('shop', %s, %s, '', '', UTC_TIMESTAMP(6))"
            await database.change(sql, (name, value))
        assert list(await lanes.pauses()) == [PAUSE]
        assert list(await shops.controls()) == [SLOTS]


async def test_each_change_of_a_shop_has_its_audit_entry_and_nothing_else_has(settings: Settings) -> None:
    async with Database.connect(settings.database, 1) as database:
        await database.change("DELETE FROM control")
        await database.change("DELETE FROM audit WHERE action LIKE 'shop.%%'")
        controls = MariaShopControls(database)
        await controls.set(SLOTS, entry("shop.slots"))
        await controls.lift(7, ControlKind.SLOTS, entry("shop.slots_lifted"))
        await controls.lift(7, ControlKind.SLOTS, entry("shop.slots_lifted"))
        found = await database.rows("SELECT action FROM audit WHERE action LIKE 'shop.%%' ORDER BY id")
        assert list(found) == [("shop.slots",), ("shop.slots_lifted",)]


async def test_only_controls_that_ended_long_ago_are_forgotten(settings: Settings) -> None:
    async with Database.connect(settings.database, 1) as database:
        await database.change("DELETE FROM control")
        shops, old = MariaShopControls(database), MariaOldRows(database)
        for control in (SLOTS, PAUSED):
            await shops.set(control, entry("shop.slots"))
        assert await old.forget_controls(AT + timedelta(hours=2), 10) == 0
        assert await old.forget_controls(AT + timedelta(hours=3), 10) == 1
        assert list(await shops.controls()) == [PAUSED]
