"""Who is told what, and how often: the sender over a day of failures, on a clock of the test's own."""

from collections.abc import Callable
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from faust_app.core.alerts.alert import FaultKind, Occurrence, PlatformFault, Severity
from faust_app.core.alerts.decide import HOURLY, Step
from faust_app.core.alerts.message import Form, Undelivered
from faust_app.core.alerts.text import Place
from faust_app.core.failure import Unavailable
from faust_app.flows.alerts.send_alerts import Delivery, SendAlerts
from faust_app.metrics import Metrics
from tests.fakes.alerts import FakeAlertStore, FakeMessenger

PASS = timedelta(seconds=5)
MINUTE = timedelta(minutes=1)
ZONE = ZoneInfo("Europe/Berlin")
STORAGE = PlatformFault(FaultKind.DEPENDENCY_STORAGE, "host:1", waiting=5)


class Bench:
    def __init__(self, store: FakeAlertStore | None = None, *, holder: str = "host:1", messenger: FakeMessenger | None = None) -> None:
        self.store = store or FakeAlertStore()
        self.messenger = messenger or FakeMessenger()
        self.metrics = Metrics()
        self.sender = self.make(holder, self.messenger)

    def make(self, holder: str, messenger: FakeMessenger | None) -> SendAlerts:
        delivery = Delivery(Place(ZONE), time(9), holder)
        return SendAlerts(
            alerts=self.store, outbox=self.store, leases=self.store, messenger=messenger, metrics=self.metrics, delivery=delivery
        )

    async def fail(self, count: int = 1, *, shop_no: int = 7, code: str = "source_error", host: str = "h") -> None:
        await self.store.count([Occurrence(f"{code}@{host}", code, host, shop_no, b"a", "status 500")] * count)

    async def open(self, kind: FaultKind = FaultKind.DEPENDENCY_STORAGE, *, host: str | None = None, worker: str = "host:1") -> None:
        await self.store.open_fault(PlatformFault(kind, worker, host=host), age=timedelta(0), told_ago=None)

    async def go_on(self, span: timedelta, step: timedelta = PASS, each: Callable[[], object] = lambda: None) -> None:
        end = self.store.now + span
        while self.store.now < end:
            await self.sender.run_pass()
            each()
            self.store.now += step

    def forms(self) -> list[Form]:
        return [message.form for message in self.messenger.taken]

    def titles(self) -> list[str]:
        return [message.title for message in self.messenger.taken]

    def attempts(self, end: str) -> float:
        return self.metrics.registry.get_sample_value("shop_images_alert_messages_total", {"end": end}) or 0


@pytest.fixture
async def bench() -> Bench:
    """A sender whose digest of today is told: it is one o'clock there."""
    bench = Bench()
    await bench.sender.run_pass()
    assert bench.messenger.taken == []
    return bench


# How many messages


@pytest.mark.parametrize(
    ("code", "images", "most"),
    [
        ("source_error", 12_000, 5),
        ("source_error", 120_000, 6),
        ("internal_error", 12_000, 6),
        ("internal_error", 120_000, 7),
    ],
)
async def test_failures_of_one_cause_are_a_handful_of_messages_and_a_closing_one(bench: Bench, code: str, images: int, most: int) -> None:
    for size in (1, 8, 40, 51, 400, 500, *[500] * (images // 500 - 2)):
        await bench.fail(size, code=code)
        await bench.sender.run_pass()
        bench.store.now += PASS
    assert bench.store.rows[f"{code}@h"].occurrences == images
    await bench.go_on(timedelta(hours=2), MINUTE)
    assert len(bench.messenger.taken) == most
    assert bench.titles()[0].endswith("at h")
    assert bench.titles()[-1].startswith("[over] ")


async def test_two_thousand_shops_with_one_dead_link_each_are_no_message_but_the_digest(bench: Bench) -> None:
    for shop_no in range(1, 2001):
        host = "cdn.test" if shop_no % 2 else f"shop{shop_no}.test"
        bench.store.shop_sizes[shop_no] = 3
        await bench.fail(shop_no=shop_no, code="source_not_found", host=host)
    await bench.go_on(timedelta(hours=19), timedelta(minutes=2))
    assert bench.messenger.taken == []
    assert await bench.store.open_alerts(10) == [], "quiet ones are closed without a word"
    await bench.go_on(timedelta(hours=4), MINUTE)
    (digest,) = bench.messenger.taken
    assert digest.form is Form.DIGEST
    assert digest.title == "[digest] 2,000 images of 2,000 shops failed because of the shops' own sources and files"
    assert "source_not_found: 2,000 images of 2,000 shops at 1,001 sources, most at cdn.test (1,000)" in digest.text
    assert "09:00 Europe/Berlin (08:00 UTC)" in digest.text
    await bench.go_on(timedelta(days=2), timedelta(minutes=10))
    assert len(bench.messenger.taken) == 1


async def test_a_shop_that_loses_images_slowly_is_never_told_at_once(bench: Bench) -> None:
    bench.store.shop_sizes[7] = 100_000
    for _ in range(12 * 5):
        await bench.fail(3)
        await bench.go_on(timedelta(minutes=5), MINUTE)
    assert bench.store.rows["source_error@h"].occurrences == 180
    assert bench.messenger.taken == []


async def test_an_hour_has_at_most_twenty_messages_and_the_last_one_sums_up_the_rest(bench: Bench) -> None:
    for number in range(60):
        await bench.open(FaultKind.HOST_DOWN, host=f"h{number}")
        await bench.go_on(timedelta(seconds=40))
    assert bench.forms() == [Form.ALERT] * (HOURLY - 1) + [Form.MORE]
    assert "and 1 more cause" in bench.titles()[-1]
    await bench.go_on(timedelta(minutes=25))
    told = {cause.fingerprint for message in bench.messenger.taken for cause in message.causes}
    assert {alert.fingerprint for alert in bench.store.rows.values()} <= told
    times = [kept.created_at for kept in bench.store.messages]
    assert all(late - early >= timedelta(hours=1) for early, late in zip(times, times[HOURLY:], strict=False))


async def test_many_causes_at_once_are_one_message(bench: Bench) -> None:
    for number in range(30):
        await bench.open(FaultKind.HOST_DOWN, host=f"h{number}")
    await bench.sender.run_pass()
    (message,) = bench.messenger.taken
    assert (message.form, len(message.causes)) == (Form.GROUP, 30)
    assert "more causes: `shop-images alerts` lists them all" in message.text


async def test_what_a_platform_fault_reaches_and_when_it_is_over_is_told(bench: Bench) -> None:
    await bench.store.open_fault(STORAGE, age=MINUTE, told_ago=None)
    await bench.go_on(3 * MINUTE)
    await bench.store.close_fault(STORAGE)
    await bench.go_on(3 * MINUTE)
    opened, closed = bench.messenger.taken
    assert (opened.severity, opened.causes[0].word, opened.causes[0].images) == (Severity.PLATFORM, "opened", 5)
    assert "1 process (host:1); 5 images waiting" in opened.text
    assert closed.causes[0].word == "closed"
    assert bench.store.rows[STORAGE.fingerprint].closed_at is not None


async def test_a_fault_that_comes_and_goes_is_not_told_each_time(bench: Bench) -> None:
    fault = PlatformFault(FaultKind.HOST_DOWN, "host:1", host="h")
    for _ in range(9):
        await bench.store.open_fault(fault, age=timedelta(0), told_ago=None)
        await bench.go_on(5 * MINUTE)
        await bench.store.close_fault(fault)
        await bench.go_on(MINUTE)
    assert len(bench.messenger.taken) == 1


# A messenger that is down


async def test_a_messenger_that_is_down_gets_each_message_once_and_grouped(bench: Bench) -> None:
    bench.messenger.away = Undelivered("status 503")
    await bench.open()
    await bench.go_on(MINUTE)
    for number in range(5):
        await bench.open(FaultKind.HOST_DOWN, host=f"h{number}")
        await bench.go_on(MINUTE)
    await bench.store.close_fault(PlatformFault(FaultKind.DEPENDENCY_STORAGE, "host:1"))
    await bench.fail(80)
    await bench.go_on(4 * MINUTE)
    assert bench.messenger.taken == []
    assert 10 <= bench.messenger.attempts <= 20, "it is asked again, at most once a minute"
    bench.messenger.away = None
    await bench.go_on(2 * MINUTE)
    assert bench.forms() == [Form.ALERT, Form.GROUP]
    said = [(cause.word, cause.code) for message in bench.messenger.taken for cause in message.causes]
    assert sorted(said) == sorted(
        [("opened", "dependency_storage"), ("closed", "dependency_storage"), ("opened", "source_error"), *[("opened", "host_down")] * 5]
    )
    assert (bench.attempts("sent"), bench.attempts("failed")) == (2, bench.messenger.attempts - 2)


async def test_what_came_and_went_while_the_messenger_was_down_is_told_as_over_once(bench: Bench) -> None:
    bench.messenger.away = Undelivered("status 503")
    await bench.open()
    await bench.sender.run_pass()
    egress = PlatformFault(FaultKind.EGRESS, "host:1")
    await bench.store.open_fault(egress, age=timedelta(0), told_ago=None)
    await bench.go_on(2 * MINUTE)
    await bench.store.close_fault(egress)
    await bench.go_on(2 * MINUTE)
    bench.messenger.away = None
    await bench.go_on(2 * MINUTE)
    assert [(cause.word, cause.code) for message in bench.messenger.taken for cause in message.causes] == [
        ("opened", "dependency_storage"),
        ("was_open", "egress"),
    ]


async def test_a_refused_message_is_kept_and_asked_less_and_less_often(bench: Bench) -> None:
    bench.messenger.away = Undelivered("status 404", refused=True)
    await bench.open()
    await bench.go_on(timedelta(hours=2))
    assert bench.messenger.attempts <= 20
    assert bench.attempts("refused") == bench.messenger.attempts
    bench.messenger.away = None
    await bench.go_on(timedelta(minutes=11))
    assert bench.titles() == ["[platform] Object storage is unavailable", "[over] Object storage is unavailable"]


async def test_the_messengers_own_wish_is_kept(bench: Bench) -> None:
    bench.messenger.away = Undelivered("status 429", retry_after=300)
    await bench.open()
    await bench.go_on(timedelta(minutes=4))
    assert bench.messenger.attempts == 1


# Deaths and rivals


async def test_a_sender_that_dies_before_its_note_repeats_the_message_under_the_same_id(bench: Bench) -> None:
    class Killed(Exception):  # noqa: N818
        pass

    async def die(number: int) -> None:
        raise Killed

    await bench.open()
    mark, bench.store.mark_sent = bench.store.mark_sent, die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await bench.sender.run_pass()
    bench.store.mark_sent = mark  # type: ignore[method-assign]
    successor = bench.make("host:2", bench.messenger)
    for _ in range(30):
        bench.store.now += PASS
        await successor.run_pass()
    assert len(bench.messenger.ids) == 2
    assert len(set(bench.messenger.ids)) == 1


async def test_two_senders_at_once_deliver_once(bench: Bench) -> None:
    rival = bench.make("host:2", bench.messenger)
    for number in range(20):
        await bench.open(FaultKind.HOST_DOWN, host=f"h{number}")
        if number == 10:
            bench.store.holders.clear()  # as if the first had frozen past its lease
        for sender in (bench.sender, rival, bench.sender):
            await sender.run_pass()
        bench.store.now += MINUTE
    said = [cause.fingerprint for message in bench.messenger.taken for cause in message.causes]
    assert len(said) == len(set(said)) == 20
    assert len(bench.messenger.ids) == len(set(bench.messenger.ids))


async def test_a_sender_that_gave_back_its_lease_is_followed_at_once(bench: Bench) -> None:
    await bench.open()
    rival = bench.make("host:2", bench.messenger)
    assert await rival.run_pass() == 0
    await bench.sender.release()
    assert await rival.run_pass() == 1


async def test_an_absent_database_is_the_callers_to_wait_for(bench: Bench) -> None:
    bench.store.away = True
    with pytest.raises(Unavailable):
        await bench.sender.run_pass()


# Keeping house


async def test_without_a_messenger_alerts_are_counted_and_closed_and_nothing_is_written() -> None:
    bench = Bench()
    bench.sender = bench.make("host:1", None)
    await bench.open()
    await bench.fail(100)
    await bench.go_on(timedelta(minutes=40), MINUTE)
    assert (bench.store.messages, await bench.store.open_alerts(10)) == ([], [])


async def test_closed_alerts_are_forgotten_after_ninety_days(bench: Bench) -> None:
    await bench.fail()
    await bench.go_on(timedelta(hours=1), MINUTE)
    assert bench.store.rows["source_error@h"].closed_at is not None
    await bench.go_on(timedelta(days=89), timedelta(minutes=10))
    assert bench.store.rows
    await bench.go_on(timedelta(days=7), timedelta(minutes=10))
    assert bench.store.rows == {}


async def test_the_metrics_tell_how_many_alerts_are_open(bench: Bench) -> None:
    await bench.open()
    await bench.fail()
    await bench.fail(host="g")
    await bench.sender.run_pass()
    found = [bench.metrics.registry.get_sample_value("shop_images_open_alerts", {"severity": each}) for each in ("platform", "shop")]
    assert found == [1, 2]
    await bench.sender.release()
    await bench.make("host:2", None).run_pass()
    await bench.sender.run_pass()
    assert bench.metrics.registry.get_sample_value("shop_images_open_alerts", {"severity": "shop"}) is None


async def test_an_alert_that_is_counted_while_it_is_closed_stays_open(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.fail(60)
    await bench.sender.run_pass()
    record = bench.store.record

    async def count_first(step: Step, holder: str) -> bool:
        if step.closed:
            monkeypatch.setattr(bench.store, "record", record)
            await bench.fail()
        return await record(step, holder)

    monkeypatch.setattr(bench.store, "record", count_first)
    bench.store.now += timedelta(minutes=31)
    await bench.sender.run_pass()
    alert = bench.store.rows["source_error@h"]
    assert (alert.closed_at, alert.occurrences, len(bench.messenger.taken)) == (None, 61, 1)
