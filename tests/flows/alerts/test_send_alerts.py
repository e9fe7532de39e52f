"""Who is told what, and how often: the sender over a day of failures, on a clock of the test's own."""

from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind, PlatformFault
from faust_app.core.alerts.decide import HOURLY, Step
from faust_app.core.alerts.message import Form, Undelivered
from faust_app.core.alerts.urgency import Urgency
from faust_app.core.failure import Unavailable
from faust_app.core.failure_codes import FailureCode, Severity
from tests.flows.alerts.sender_harness import MINUTE, PASS, STORAGE, Harness

# How many messages


@pytest.mark.parametrize(
    ("code", "images", "most"),
    [
        (FailureCode.SOURCE_ERROR, 12_000, 5),
        (FailureCode.SOURCE_ERROR, 120_000, 6),
        (FailureCode.INTERNAL_ERROR, 12_000, 6),
        (FailureCode.INTERNAL_ERROR, 120_000, 7),
    ],
)
async def test_failures_of_one_cause_are_a_handful_of_messages_and_a_closing_one(
    harness: Harness, code: FailureCode, images: int, most: int
) -> None:
    for size in (1, 8, 40, 51, 400, 500, *[500] * (images // 500 - 2)):
        await harness.fail(size, code=code)
        await harness.sender.run_pass()
        harness.store.now += PASS
    assert harness.store.rows[f"{code}@h"].occurrences == images
    await harness.go_on(timedelta(hours=2), MINUTE)
    assert len(harness.messenger.taken) == most
    assert harness.titles()[0].endswith("at h")
    assert harness.titles()[-1].startswith("[over] ")


async def test_two_thousand_shops_with_one_dead_link_each_are_no_message_but_the_digest(harness: Harness) -> None:
    for shop_no in range(1, 2001):
        host = "cdn.test" if shop_no % 2 else f"shop{shop_no}.test"
        harness.store.shop_sizes[shop_no] = 3
        await harness.fail(shop_no=shop_no, code=FailureCode.SOURCE_NOT_FOUND, host=host)
    await harness.go_on(timedelta(hours=19), timedelta(minutes=2))
    assert harness.messenger.taken == []
    assert await harness.store.open_alerts(10) == [], "quiet ones are closed without a word"
    await harness.go_on(timedelta(hours=4), MINUTE)
    (digest,) = harness.messenger.taken
    assert digest.form is Form.DIGEST
    assert digest.title == "[digest] 2,000 images of 2,000 shops failed because of the shops' own sources and files"
    assert "source_not_found: 2,000 images of 2,000 shops at 1,001 sources, most at cdn.test (1,000)" in digest.text
    assert "09:00 Europe/Berlin (08:00 UTC)" in digest.text
    await harness.go_on(timedelta(days=2), timedelta(minutes=10))
    assert len(harness.messenger.taken) == 1


async def test_a_shop_that_loses_images_slowly_is_never_told_at_once(harness: Harness) -> None:
    harness.store.shop_sizes[7] = 100_000
    for _ in range(12 * 5):
        await harness.fail(3)
        await harness.go_on(timedelta(minutes=5), MINUTE)
    assert harness.store.rows["source_error@h"].occurrences == 180
    assert harness.messenger.taken == []


async def test_an_hour_has_at_most_twenty_messages_and_the_last_one_sums_up_the_rest(harness: Harness) -> None:
    for number in range(60):
        await harness.open(FaultKind.HOST_DOWN, host=f"h{number}")
        await harness.go_on(timedelta(seconds=40))
    assert harness.forms() == [Form.ALERT] * (HOURLY - 1) + [Form.MORE]
    assert "and 1 more cause" in harness.titles()[-1]
    await harness.go_on(timedelta(minutes=25))
    told = {cause.fingerprint for message in harness.messenger.taken for cause in message.causes}
    assert {alert.fingerprint for alert in harness.store.rows.values()} <= told
    times = [kept.created_at for kept in harness.store.messages]
    assert all(late - early >= timedelta(hours=1) for early, late in zip(times, times[HOURLY:], strict=False))


async def test_many_causes_at_once_are_one_message(harness: Harness) -> None:
    for number in range(30):
        await harness.open(FaultKind.HOST_DOWN, host=f"h{number}")
    await harness.sender.run_pass()
    (message,) = harness.messenger.taken
    assert (message.form, len(message.causes)) == (Form.GROUP, 30)
    assert "more causes: `shop-images alerts` lists them all" in message.text


async def test_what_a_platform_fault_reaches_and_when_it_is_over_is_told(harness: Harness) -> None:
    await harness.store.open_fault(STORAGE, age=MINUTE, reported_ago=None)
    await harness.go_on(3 * MINUTE)
    await harness.store.close_fault(STORAGE)
    await harness.go_on(3 * MINUTE)
    opened, closed = harness.messenger.taken
    assert (opened.severity, opened.causes[0].notice, opened.causes[0].images) == (Severity.PLATFORM, "opened", 5)
    assert "1 process (host:1); 5 images waiting" in opened.text
    assert closed.causes[0].notice == "closed"
    assert harness.store.rows[STORAGE.fingerprint].closed_at is not None


async def test_a_fault_that_comes_and_goes_is_not_told_each_time(harness: Harness) -> None:
    fault = PlatformFault(FaultKind.HOST_DOWN, "host:1", host="h")
    for _ in range(9):
        await harness.store.open_fault(fault, age=timedelta(0), reported_ago=None)
        await harness.go_on(5 * MINUTE)
        await harness.store.close_fault(fault)
        await harness.go_on(MINUTE)
    assert len(harness.messenger.taken) == 1


# Waking and telling


async def test_a_fault_that_heals_within_two_minutes_is_one_message_afterwards(harness: Harness) -> None:
    await harness.last(timedelta(seconds=90))
    assert harness.messenger.taken == []
    await harness.go_on(2 * MINUTE)
    (message,) = harness.messenger.taken
    assert (message.causes[0].notice, message.urgency) == ("was_open", Urgency.TELL)
    assert "2 min" not in message.title
    assert "1 min." in message.text


async def test_a_fault_that_stays_is_told_then_wakes_once_and_its_end_is_told(harness: Harness) -> None:
    began = harness.store.now
    await harness.last(timedelta(minutes=40))
    await harness.go_on(3 * MINUTE)
    assert [(message.causes[0].notice, message.urgency.value, message.causes[0].urgency.value) for message in harness.messenger.taken] == [
        ("opened", "tell", "tell"),
        ("lasts", "wake", "wake"),
        ("closed", "tell", "tell"),
    ]
    told, woken, _ = (message.at - began for message in harness.messenger.taken)
    assert 2 * MINUTE <= told < 2 * MINUTE + 2 * PASS
    assert 15 * MINUTE <= woken < 15 * MINUTE + 2 * PASS
    assert harness.titles()[1] == "[platform, wake] Object storage is unavailable: it lasts"


async def test_what_a_person_must_act_on_wakes_at_once_and_only_once(harness: Harness) -> None:
    await harness.last(timedelta(minutes=30), FaultKind.INTERNAL_ERROR_BREAKER)
    assert [(message.causes[0].notice, message.urgency.value) for message in harness.messenger.taken] == [("opened", "wake")]
    assert harness.messenger.taken[0].title.startswith("[platform, wake] ")


async def test_the_limit_of_an_hour_holds_back_nothing_that_wakes(harness: Harness) -> None:
    for number in range(HOURLY):
        await harness.open(FaultKind.HOST_DOWN, host=f"h{number}")
        await harness.go_on(timedelta(seconds=10))
    assert len(harness.messenger.taken) == HOURLY
    await harness.open(FaultKind.HOST_DOWN, host="one more")
    await harness.open(FaultKind.INTERNAL_ERROR_BREAKER, age=timedelta(0))
    await harness.go_on(MINUTE)
    assert [cause.code for message in harness.messenger.taken[HOURLY:] for cause in message.causes] == ["internal_error_breaker"]


# A messenger that is down


async def test_a_messenger_that_is_down_gets_each_message_once_and_grouped(harness: Harness) -> None:
    harness.messenger.unavailable = Undelivered("status 503")
    await harness.open()
    await harness.go_on(MINUTE)
    for number in range(5):
        await harness.open(FaultKind.HOST_DOWN, host=f"h{number}")
        await harness.go_on(MINUTE)
    await harness.store.close_fault(PlatformFault(FaultKind.DEPENDENCY_STORAGE, "host:1"))
    await harness.fail(80)
    await harness.go_on(4 * MINUTE)
    assert harness.messenger.taken == []
    assert 10 <= harness.messenger.attempts <= 20, "it is asked again, at most once a minute"
    harness.messenger.unavailable = None
    await harness.go_on(2 * MINUTE)
    assert harness.forms() == [Form.ALERT, Form.GROUP]
    said = [(cause.notice, cause.code) for message in harness.messenger.taken for cause in message.causes]
    assert sorted(said) == sorted(
        [("opened", "dependency_storage"), ("closed", "dependency_storage"), ("opened", "source_error"), *[("opened", "host_down")] * 5]
    )
    assert (harness.attempts("sent"), harness.attempts("failed")) == (2, harness.messenger.attempts - 2)


async def test_what_came_and_went_while_the_messenger_was_down_is_told_as_over_once(harness: Harness) -> None:
    harness.messenger.unavailable = Undelivered("status 503")
    await harness.open()
    await harness.sender.run_pass()
    egress = PlatformFault(FaultKind.EGRESS, "host:1")
    await harness.store.open_fault(egress, age=timedelta(0), reported_ago=None)
    await harness.go_on(2 * MINUTE)
    await harness.store.close_fault(egress)
    await harness.go_on(2 * MINUTE)
    harness.messenger.unavailable = None
    await harness.go_on(2 * MINUTE)
    assert [(cause.notice, cause.code) for message in harness.messenger.taken for cause in message.causes] == [
        ("opened", "dependency_storage"),
        ("was_open", "egress"),
    ]


async def test_a_refused_message_is_kept_and_asked_less_and_less_often(harness: Harness) -> None:
    harness.messenger.unavailable = Undelivered("status 404", refused=True)
    await harness.open()
    await harness.go_on(timedelta(hours=2))
    assert harness.messenger.attempts <= 20
    assert harness.attempts("refused") == harness.messenger.attempts
    harness.messenger.unavailable = None
    await harness.go_on(timedelta(minutes=11))
    assert harness.titles() == ["[platform] Object storage is unavailable", "[back] Object storage is available again"]


async def test_the_messengers_own_request_is_kept(harness: Harness) -> None:
    harness.messenger.unavailable = Undelivered("status 429", retry_after=300)
    await harness.open()
    await harness.go_on(timedelta(minutes=4))
    assert harness.messenger.attempts == 1


# Deaths and rivals


async def test_a_sender_that_dies_before_its_note_repeats_the_message_under_the_same_id(harness: Harness) -> None:
    class Killed(Exception):  # noqa: N818
        pass

    async def die(number: int) -> None:
        raise Killed

    await harness.open()
    mark, harness.store.mark_sent = harness.store.mark_sent, die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await harness.sender.run_pass()
    harness.store.mark_sent = mark  # type: ignore[method-assign]
    successor = harness.make("host:2", harness.messenger)
    for _ in range(30):
        harness.store.now += PASS
        await successor.run_pass()
    assert len(harness.messenger.ids) == 2
    assert len(set(harness.messenger.ids)) == 1


async def test_two_senders_at_once_deliver_once(harness: Harness) -> None:
    rival = harness.make("host:2", harness.messenger)
    for number in range(20):
        await harness.open(FaultKind.HOST_DOWN, host=f"h{number}")
        if number == 10:
            harness.store.holders.clear()  # as if the first had frozen past its lease
        for sender in (harness.sender, rival, harness.sender):
            await sender.run_pass()
        harness.store.now += MINUTE
    said = [cause.fingerprint for message in harness.messenger.taken for cause in message.causes]
    assert len(said) == len(set(said)) == 20
    assert len(harness.messenger.ids) == len(set(harness.messenger.ids))


async def test_a_sender_that_gave_back_its_lease_is_followed_at_once(harness: Harness) -> None:
    await harness.open()
    rival = harness.make("host:2", harness.messenger)
    assert await rival.run_pass() == 0
    await harness.sender.release()
    assert await rival.run_pass() == 1


async def test_an_unavailable_database_is_the_callers_to_wait_for(harness: Harness) -> None:
    harness.store.unavailable = True
    with pytest.raises(Unavailable):
        await harness.sender.run_pass()


# Keeping house


async def test_without_a_messenger_alerts_are_counted_and_closed_and_nothing_is_written() -> None:
    harness = Harness()
    harness.sender = harness.make("host:1", None)
    await harness.open()
    await harness.fail(100)
    await harness.go_on(timedelta(minutes=40), MINUTE)
    assert (harness.store.messages, await harness.store.open_alerts(10)) == ([], [])


async def test_closed_alerts_are_forgotten_after_ninety_days(harness: Harness) -> None:
    await harness.fail()
    await harness.go_on(timedelta(hours=1), MINUTE)
    assert harness.store.rows["source_error@h"].closed_at is not None
    await harness.go_on(timedelta(days=89), timedelta(minutes=10))
    assert harness.store.rows
    await harness.go_on(timedelta(days=7), timedelta(minutes=10))
    assert harness.store.rows == {}


async def test_the_metrics_tell_how_many_alerts_are_open(harness: Harness) -> None:
    await harness.open()
    await harness.fail()
    await harness.fail(host="g")
    await harness.sender.run_pass()
    found = [harness.metrics.registry.get_sample_value("shop_images_open_alerts", {"severity": each}) for each in ("platform", "shop")]
    assert found == [1, 2]
    await harness.sender.release()
    await harness.make("host:2", None).run_pass()
    await harness.sender.run_pass()
    assert harness.metrics.registry.get_sample_value("shop_images_open_alerts", {"severity": "shop"}) is None


async def test_an_alert_that_is_counted_while_it_is_closed_stays_open(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    await harness.fail(60)
    await harness.sender.run_pass()
    record = harness.store.record

    async def count_first(step: Step, holder: str) -> bool:
        if step.closed:
            monkeypatch.setattr(harness.store, "record", record)
            await harness.fail()
        return await record(step, holder)

    monkeypatch.setattr(harness.store, "record", count_first)
    harness.store.now += timedelta(minutes=31)
    await harness.sender.run_pass()
    alert = harness.store.rows["source_error@h"]
    assert (alert.closed_at, alert.occurrences, len(harness.messenger.taken)) == (None, 61, 1)


async def test_metrics_tell_that_the_sender_works_and_since_when_nothing_is_accepted(harness: Harness) -> None:
    def value(name: str) -> float:
        return harness.metrics.registry.get_sample_value(f"shop_images_{name}") or 0

    assert value("alert_messenger") == 1
    harness.messenger.unavailable = Undelivered("It is away.")
    await harness.open()
    await harness.sender.run_pass()
    assert value("alerts_decided_timestamp_seconds") > 0
    assert value("alert_failing_since_timestamp_seconds") > 0
    await harness.store.release("alerts", "host:1")
    assert await harness.store.hold("alerts", "another")
    await harness.sender.run_pass()
    assert value("alert_failing_since_timestamp_seconds") == 0, "another process sends now"
