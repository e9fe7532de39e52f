"""What people are told when a fault is over: what it left to do, and when that is done."""

from datetime import timedelta

from faust_app.core.alerts.alert import FaultKind, PlatformFault
from faust_app.core.alerts.message import Form
from faust_app.core.alerts.recovery import LONGEST
from tests.flows.alerts.sender_harness import MINUTE, STORAGE, Harness


async def test_the_end_of_a_fault_says_what_is_left_and_another_message_when_it_is_done(harness: Harness) -> None:
    await harness.open()
    await harness.go_on(MINUTE)
    harness.recoveries.left = 1200
    await harness.store.close_fault(STORAGE)
    await harness.go_on(MINUTE / 2)
    harness.recoveries.left = 900
    await harness.go_on(MINUTE)
    assert harness.titles()[1:] == ["[back] Object storage is available again"]
    assert "Backlog: 900 images left to do, about 3 min at 5.0 images a second. A message follows" in harness.messenger.taken[1].text
    harness.recoveries.left, harness.recoveries.waiting, harness.recoveries.failed = 0, 3, 2
    await harness.go_on(MINUTE)
    caught_up = harness.messenger.taken[-1]
    assert caught_up.form is Form.CAUGHT_UP
    assert caught_up.title == "[caught up] Object storage is available again: 1,200 images delayed, 2 failed, 3 left"
    assert "/admin/republish?state=failed&codes=lost_repeatedly&since=2026-03-01T11%3A58%3A00&until=" in caught_up.text
    await harness.go_on(timedelta(hours=1))
    assert len(harness.messenger.taken) == 3


async def test_a_fault_that_left_nothing_to_do_is_back_and_caught_up_in_one_message(harness: Harness) -> None:
    await harness.open()
    await harness.go_on(MINUTE)
    await harness.store.close_fault(STORAGE)
    await harness.go_on(timedelta(hours=1))
    assert len(harness.messenger.taken) == 2
    assert "caught up: 0 failed because of it, 0 left to do." in harness.messenger.taken[1].text


async def test_what_is_done_before_anybody_counts_was_delayed_all_the_same(harness: Harness) -> None:
    await harness.open()
    await harness.go_on(MINUTE)
    harness.recoveries.done = 360
    await harness.store.close_fault(STORAGE)
    await harness.go_on(2 * MINUTE)
    assert "caught up: 360 images delayed, 0 failed because of it, 0 left to do." in harness.messenger.taken[1].text


async def test_a_backlog_that_stays_is_told_after_some_hours(harness: Harness) -> None:
    await harness.open()
    await harness.go_on(MINUTE)
    harness.recoveries.left = 50
    await harness.store.close_fault(STORAGE)
    await harness.go_on(LONGEST - MINUTE, MINUTE)
    assert len(harness.messenger.taken) == 2
    await harness.go_on(3 * MINUTE, MINUTE)
    assert harness.titles()[-1] == "[not caught up] Object storage is available again, but 50 images are still held up"


async def test_a_fault_that_returns_is_recovered_from_once(harness: Harness) -> None:
    harness.recoveries.left = 10
    for _ in range(2):
        await harness.open()
        await harness.go_on(MINUTE)
        await harness.store.close_fault(STORAGE)
        await harness.go_on(2 * MINUTE)
    assert [message.form for message in harness.messenger.taken] == [Form.ALERT] * 4
    harness.recoveries.left = 0
    await harness.go_on(MINUTE)
    assert harness.forms() == [Form.ALERT] * 4 + [Form.CAUGHT_UP]


async def test_a_suspicion_that_is_over_says_what_failed_and_how_to_publish_it_again(harness: Harness) -> None:
    fault = PlatformFault(FaultKind.SUSPECTED_OURS, "host:1", subject="truncated")
    harness.recoveries.left, harness.recoveries.failed, harness.recoveries.release = 7, 300, "2.0"
    await harness.store.open_fault(fault, age=timedelta(0), reported_ago=None)
    await harness.go_on(MINUTE)
    await harness.store.close_fault(fault)
    await harness.go_on(timedelta(hours=1))
    opened, closed = harness.messenger.taken
    assert opened.title == "[platform, wake] A new release is suspected to fail images that are good: truncated"
    assert "caught up: 300 failed because of it" in closed.text
    assert "/admin/republish?state=failed&codes=truncated&judged_by=2.0" in closed.text
