"""What the flows may rely on of alerts, their messages and their lease, for the fake and for MariaDB alike."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta
from typing import cast

import pytest

from faust_app.adapters.mariadb.alert_messages import add_message
from faust_app.adapters.mariadb.database import Session
from faust_app.core.alerts.alert import Alert, FaultKind, Occurrence, PlatformFault
from faust_app.core.alerts.decide import SENDER, Due, LastDigest, Step, closes_silently, due_notices
from faust_app.core.alerts.digest import CodeCount, DigestCounts, digest_message, digest_span
from faust_app.core.alerts.message import AlertMessage, Form
from faust_app.core.alerts.notices import Notice
from faust_app.core.causes.suspicion import Blame, Rise, Suspicion, Verdict
from faust_app.core.failure_codes import FailureCode, Severity
from faust_app.core.text import Place
from tests.contracts.conftest import AlertStore
from tests.fakes.alerts import FakeAlertStore

ME, RIVAL = "host:1", "host:2"
CLAIM = timedelta(seconds=60)
STORAGE = PlatformFault(FaultKind.DEPENDENCY_STORAGE, ME, "AccessDenied", waiting=40)
NO_AGE = timedelta(0)


def failed(count: int = 1, *, shop_no: int = 7, code: FailureCode = FailureCode.SOURCE_ERROR, host: str = "h") -> list[Occurrence]:
    return [Occurrence(f"{code}@{host}", code, host, shop_no, b"i%d" % n, f"status {n}") for n in range(count)]


async def the_alert(store: AlertStore, fingerprint: str = "source_error@h") -> Alert:
    (alert,) = [alert for alert in await store.alerts.open_alerts(1000) if alert.fingerprint == fingerprint]
    return alert


async def written(store: AlertStore, notice: Notice = Notice.OPENED) -> Due:
    """Write a message about the one open alert, as the sender would."""
    assert await store.leases.hold(SENDER, ME)
    snapshot = await store.snapshot()
    due = Due(snapshot.candidates[0].alert, notice)
    message = AlertMessage(Form.ALERT, snapshot.now, Severity.SHOP, "T", "text ä \U0001f600")
    closed = (due.alert,) if notice is Notice.CLOSED else ()
    assert await store.alerts.record(Step(snapshot.now, message, reported=(due,), closed=closed), ME)
    return due


# Counting


async def test_failures_of_one_cause_are_one_alert_that_counts_images_and_shops(alert_store: AlertStore) -> None:
    await alert_store.count(failed(3) + failed(2, shop_no=8) + failed(1, host="other"))
    await alert_store.count(failed(4, shop_no=8))
    alert = await the_alert(alert_store)
    assert (alert.occurrences, alert.episode, alert.severity, alert.code, alert.host) == (9, 1, Severity.SHOP, "source_error", "h")
    assert (alert.sample_shop, alert.sample_image, alert.detail) == (8, b"i3", "status 3")
    assert alert.opened_at <= alert.last_at
    impact = (await alert_store.alerts.impact([alert], (await alert_store.snapshot()).now))[alert.fingerprint]
    assert (impact.shops, impact.top_shops, impact.recent, impact.before) == (2, ((8, 6), (7, 3)), 9, 0)
    assert len(await alert_store.alerts.open_alerts(1000)) == 2


async def test_nothing_that_failed_is_nothing_counted(alert_store: AlertStore) -> None:
    await alert_store.count([])
    assert await alert_store.alerts.open_alerts(10) == []


async def test_a_closed_alert_that_is_counted_again_is_a_new_episode(alert_store: AlertStore) -> None:
    await alert_store.count(failed(60))
    await written(alert_store)
    assert await alert_store.leases.hold(SENDER, ME)
    reported = await the_alert(alert_store)
    assert (reported.reported_count, reported.reported_at is not None) == (60, True)
    snapshot = await alert_store.snapshot()
    assert await alert_store.alerts.record(Step(snapshot.now, closed=(reported,)), ME)
    assert await alert_store.alerts.open_alerts(10) == []
    await alert_store.count(failed(2))
    again = await the_alert(alert_store)
    assert (again.episode, again.occurrences, again.reported_count, again.reported_at, again.closed_at) == (2, 2, 0, None, None)
    assert again.opened_at >= reported.last_at


@pytest.mark.parametrize(("failures", "shop_images", "reported"), [(49, 0, True), (10, 0, True), (9, 0, False)])
async def test_a_shop_that_lost_a_share_of_its_images_within_the_hour_is_told(
    alert_store: AlertStore, failures: int, shop_images: int, *, reported: bool
) -> None:
    await alert_store.count(failed(failures))
    notices = due_notices(await alert_store.snapshot())
    assert [due.notice for due in notices] == ([Notice.OPENED] if reported else [])


async def test_many_shops_with_a_few_failures_each_are_left_to_the_digest(alert_store: AlertStore) -> None:
    for shop_no in range(1, 41):
        await alert_store.count(failed(9, shop_no=shop_no))
    snapshot = await alert_store.snapshot()
    assert due_notices(snapshot) == []
    assert snapshot.open_by_severity == (("platform", 0), ("shop", 1))


# Faults of the platform


async def test_a_fault_counts_once_per_process_and_ends_with_the_last_that_has_it(alert_store: AlertStore) -> None:
    rival = replace(STORAGE, worker=RIVAL, waiting=2)
    for fault in (STORAGE, rival, STORAGE):
        await alert_store.faults.open_fault(fault, age=timedelta(minutes=3), reported_ago=None)
    alert = await the_alert(alert_store, STORAGE.fingerprint)
    assert (alert.occurrences, alert.severity, alert.detail, alert.ended_at) == (2, Severity.PLATFORM, "AccessDenied", None)
    now = (await alert_store.snapshot()).now
    assert timedelta(minutes=3) <= now - alert.opened_at < timedelta(minutes=4)
    impact = (await alert_store.alerts.impact([alert], now))[alert.fingerprint]
    assert (impact.workers, impact.waiting) == ((ME, RIVAL), 42)
    await alert_store.faults.close_fault(STORAGE)
    assert (await the_alert(alert_store, STORAGE.fingerprint)).ended_at is None
    await alert_store.faults.close_fault(rival)
    assert (await the_alert(alert_store, STORAGE.fingerprint)).ended_at is not None


async def test_a_fault_that_returns_before_it_is_closed_goes_on(alert_store: AlertStore) -> None:
    await alert_store.faults.open_fault(STORAGE, age=NO_AGE, reported_ago=None)
    await alert_store.faults.close_fault(STORAGE)
    await alert_store.faults.open_fault(STORAGE, age=NO_AGE, reported_ago=None)
    alert = await the_alert(alert_store, STORAGE.fingerprint)
    assert (alert.episode, alert.occurrences, alert.ended_at) == (1, 2, None)


async def test_a_fault_that_people_know_of_is_not_to_be_told_again(alert_store: AlertStore) -> None:
    await alert_store.faults.open_fault(STORAGE, age=timedelta(minutes=3), reported_ago=timedelta(minutes=1))
    alert = await the_alert(alert_store, STORAGE.fingerprint)
    assert (alert.reported_count, alert.reported_at is not None) == (1, True)
    assert due_notices(await alert_store.snapshot()) == []


async def test_closing_what_nobody_opened_is_no_error(alert_store: AlertStore) -> None:
    await alert_store.faults.close_fault(STORAGE)
    await alert_store.faults.ping()
    assert await alert_store.alerts.open_alerts(10) == []


# Deciding and delivering


async def test_what_was_told_is_noted_with_its_message_and_not_due_again(alert_store: AlertStore) -> None:
    await alert_store.count(failed(60))
    due = await written(alert_store)
    snapshot = await alert_store.snapshot()
    assert (due_notices(snapshot), snapshot.sent_in_hour, snapshot.undelivered, snapshot.messenger_was_unavailable) == ([], 1, True, False)
    waiting = await alert_store.outbox.claim(CLAIM)
    assert waiting is not None
    assert (waiting.message.title, waiting.message.text, waiting.attempts) == ("T", "text ä \U0001f600", 1)
    assert due.alert.reported_count == 0
    await alert_store.outbox.mark_sent(waiting.number)
    assert not (await alert_store.snapshot()).undelivered
    assert await alert_store.outbox.claim(CLAIM) is None


async def test_a_claimed_message_is_nobody_elses_until_its_time_and_keeps_its_id(alert_store: AlertStore) -> None:
    await alert_store.count(failed(60))
    await written(alert_store)
    claims = await asyncio.gather(*(alert_store.outbox.claim(CLAIM) for _ in range(6)))
    (first,) = [claim for claim in claims if claim is not None]
    await alert_store.outbox.mark_failed(first.number, "status 500", timedelta(0))
    second = await alert_store.outbox.claim(CLAIM)
    assert second is not None
    assert (second.webhook_id, second.attempts) == (first.webhook_id, 2)
    assert (await alert_store.snapshot()).messenger_was_unavailable


async def queued(store: AlertStore, title: str) -> None:
    """Queue a message beside those of the sender, as the end of a daily job does."""
    message = AlertMessage(Form.DAILY, await store.clock.now(), Severity.SHOP, title, "text")
    if store.database is None:
        cast("FakeAlertStore", store.outbox).add_message(message)
    else:

        async def unit(session: Session) -> None:
            add_message(session, message)

        await store.database.run(unit)


async def test_a_message_that_is_to_be_tried_again_is_not_overtaken_by_a_later_one(alert_store: AlertStore) -> None:
    await queued(alert_store, "first")
    await queued(alert_store, "second")
    first = await alert_store.outbox.claim(CLAIM)
    assert first is not None
    assert await alert_store.outbox.claim(CLAIM) is None, "it is being sent"
    await alert_store.outbox.mark_failed(first.number, "status 500", timedelta(hours=1))
    assert await alert_store.outbox.claim(CLAIM) is None, "it is to be tried again"
    await alert_store.outbox.mark_sent(first.number)
    second = await alert_store.outbox.claim(CLAIM)
    assert second is not None
    assert (first.message.title, second.message.title) == ("first", "second")


async def test_no_second_message_is_written_while_one_waits(alert_store: AlertStore) -> None:
    await alert_store.count(failed(60))
    await written(alert_store)
    snapshot = await alert_store.snapshot()
    message = AlertMessage(Form.TEST, snapshot.now, Severity.SHOP, "U", "u")
    assert not await alert_store.alerts.record(Step(snapshot.now, message), ME)


async def test_what_another_told_meanwhile_is_not_told_again(alert_store: AlertStore) -> None:
    await alert_store.count(failed(60))
    stale = await written(alert_store)
    waiting = await alert_store.outbox.claim(CLAIM)
    assert waiting is not None
    await alert_store.outbox.mark_sent(waiting.number)
    snapshot = await alert_store.snapshot()
    message = AlertMessage(Form.ALERT, snapshot.now, Severity.SHOP, "again", "x")
    assert not await alert_store.alerts.record(Step(snapshot.now, message, reported=(stale,)), ME)
    assert await alert_store.outbox.claim(CLAIM) is None


async def test_who_does_not_hold_the_lease_writes_nothing(alert_store: AlertStore) -> None:
    await alert_store.count(failed(60))
    snapshot = await alert_store.snapshot()
    step = Step(snapshot.now, AlertMessage(Form.TEST, snapshot.now, Severity.SHOP, "U", "u"), reported=tuple(due_notices(snapshot)))
    assert not await alert_store.alerts.record(step, ME)
    assert await alert_store.leases.hold(SENDER, RIVAL)
    assert not await alert_store.alerts.record(step, ME)
    assert await alert_store.outbox.claim(CLAIM) is None
    assert (await the_alert(alert_store)).reported_count == 0


async def test_an_alert_that_was_counted_meanwhile_is_neither_closed_nor_told_to_be(alert_store: AlertStore) -> None:
    await alert_store.count(failed(60))
    assert await alert_store.leases.hold(SENDER, ME)
    before = await alert_store.snapshot()
    alert = before.candidates[0].alert
    stale = replace(alert, last_at=alert.last_at - timedelta(seconds=1))
    message = AlertMessage(Form.ALERT, before.now, Severity.SHOP, "over", "x")
    assert not await alert_store.alerts.record(Step(before.now, message, reported=(Due(stale, Notice.CLOSED),), closed=(stale,)), ME)
    assert await alert_store.outbox.claim(CLAIM) is None
    assert (await the_alert(alert_store)).reported_count == 0


async def test_who_had_a_closed_fault_counts_anew_when_it_returns(alert_store: AlertStore) -> None:
    await alert_store.faults.open_fault(STORAGE, age=NO_AGE, reported_ago=None)
    await written(alert_store, Notice.CLOSED)
    await alert_store.faults.open_fault(STORAGE, age=NO_AGE, reported_ago=None)
    alert = await the_alert(alert_store, STORAGE.fingerprint)
    assert (alert.episode, alert.occurrences, alert.reported_count) == (2, 1, 0)


async def test_thousands_of_alerts_close_in_one_step(alert_store: AlertStore) -> None:
    await alert_store.count([each for n in range(1200) for each in failed(1, host=f"h{n}")])
    assert await alert_store.leases.hold(SENDER, ME)
    alerts = tuple(await alert_store.alerts.open_alerts(2000))
    assert len(alerts) == 1200
    snapshot = await alert_store.snapshot()
    assert closes_silently(snapshot, unreported=False) == ()
    assert await alert_store.alerts.record(Step(snapshot.now, closed=alerts), ME)
    assert await alert_store.alerts.open_alerts(2000) == []


# The digest


async def test_a_fault_of_a_shop_is_in_the_digest_once_an_episode(alert_store: AlertStore) -> None:
    of_shops = [PlatformFault(FaultKind.SHOP_HOST_DOWN, ME, f"Shop {shop_no}: no answer", "h", shop_no=shop_no) for shop_no in (7, 8)]
    for fault in [*of_shops, *of_shops, replace(of_shops[0], worker=RIVAL)]:
        await alert_store.faults.open_fault(fault, age=NO_AGE, reported_ago=None)
    alerts = {alert.fingerprint: alert for alert in await alert_store.alerts.open_alerts(10)}
    assert {alert.sample_shop: alert.occurrences for alert in alerts.values()} == {7: 2, 8: 1}
    snapshot = await alert_store.snapshot()
    assert due_notices(snapshot) == []
    span = digest_span(snapshot.now + timedelta(minutes=10), None)
    counts = await alert_store.alerts.digest_counts(span)
    assert counts == DigestCounts((CodeCount("shop_host_down", True, 2, 2, 1, "h", 2),), 0, ())
    message = digest_message(counts, span, Place(UTC), snapshot.now)
    assert message is not None
    assert "- shop_host_down: 2 reports of 2 shops at h." in message.text
    await alert_store.faults.close_fault(of_shops[1])
    assert {alert.sample_shop for alert in await alert_store.alerts.open_alerts(10) if alert.ended_at is None} == {7}


async def test_many_processes_that_open_a_fault_of_a_shop_at_once_count_it_once(alert_store: AlertStore) -> None:
    fault = PlatformFault(FaultKind.SHOP_HOST_DOWN, ME, "no answer", "h", shop_no=7)
    reports = (alert_store.faults.open_fault(replace(fault, worker=f"host:{n}"), age=NO_AGE, reported_ago=None) for n in range(8))
    await asyncio.gather(*reports)
    counts = await alert_store.alerts.digest_counts(digest_span((await alert_store.snapshot()).now + timedelta(minutes=10), None))
    assert [(count.code, count.images, count.shops) for count in counts.codes] == [("shop_host_down", 1, 1)]


async def test_the_digest_sums_up_shop_faults_by_code_and_remembers_its_day(alert_store: AlertStore) -> None:
    await alert_store.count(
        failed(2) + failed(1, host="g") + failed(1, shop_no=8, code=FailureCode.TOO_LARGE) + failed(5, code=FailureCode.INTERNAL_ERROR)
    )
    snapshot = await alert_store.snapshot()
    assert snapshot.last_digest is None
    span = digest_span(snapshot.now + timedelta(minutes=10), None)
    counts = await alert_store.alerts.digest_counts(span)
    assert [(count.code, count.images, count.shops, count.hosts, count.top_host, count.top_images) for count in counts.codes] == [
        ("source_error", 3, 1, 2, "h", 2),
        ("too_large", 1, 1, 1, "h", 1),
    ]
    assert (counts.shops, counts.top_shops) == (2, ((7, 3), (8, 1)))
    assert (await alert_store.alerts.digest_counts(digest_span(snapshot.now - timedelta(days=2), None))).codes == ()
    assert await alert_store.leases.hold(SENDER, ME)
    day = snapshot.now.date()
    assert await alert_store.alerts.record(Step(snapshot.now, digest=day), ME)
    assert (await alert_store.snapshot()).last_digest == LastDigest(day, snapshot.now)


async def test_the_digest_leaves_out_what_is_ours_or_suspected_to_be(alert_store: AlertStore) -> None:
    await alert_store.count(failed(60) + failed(5, host="g") + failed(2, code=FailureCode.TOO_LARGE))
    now = (await alert_store.snapshot()).now
    span = digest_span(now + timedelta(minutes=10), None)
    suspicion = Suspicion("source_error", "1.1", now, now, Rise("source_error", 0.001, 0.1, 30, 100))
    await alert_store.mark(Blame(suspicions=(suspicion,)))
    counts = await alert_store.alerts.digest_counts(span)
    assert ([(count.code, count.images) for count in counts.codes], counts.left_out) == ([("too_large", 2)], 65)
    assert due_notices(await alert_store.snapshot()) == [], "nor is a shop told of it at once"
    await alert_store.mark(Blame(suspicions=(replace(suspicion, verdict=Verdict.SHOPS),)))
    counts = await alert_store.alerts.digest_counts(span)
    assert (counts.shops, counts.left_out, sum(count.images for count in counts.codes)) == (1, 0, 67)
    assert [due.notice for due in due_notices(await alert_store.snapshot())] == [Notice.OPENED]
    await alert_store.mark(Blame(suspicions=(replace(suspicion, since=now + timedelta(minutes=10)),)))
    assert (await alert_store.alerts.digest_counts(span)).left_out == 0, "what failed before the release"
    await alert_store.mark(Blame(suspicions=(replace(suspicion, ended_at=now - timedelta(minutes=10)),)))
    assert (await alert_store.alerts.digest_counts(span)).left_out == 0, "what failed after its end"
    await alert_store.mark(Blame(frozenset({"source_error@g"})))
    assert (await alert_store.alerts.digest_counts(span)).left_out == 5


# The lease


async def test_a_lease_is_one_holders_until_it_is_given_back(alert_store: AlertStore) -> None:
    assert await alert_store.leases.hold("task", ME)
    assert await alert_store.leases.hold("task", ME), "renewed"
    assert not await alert_store.leases.hold("task", RIVAL)
    assert await alert_store.leases.hold("other task", RIVAL)
    await alert_store.leases.release("task", RIVAL)
    assert not await alert_store.leases.hold("task", RIVAL), "only the holder can give it back"
    await alert_store.leases.release("task", ME)
    assert await alert_store.leases.hold("task", RIVAL)
    assert not await alert_store.leases.hold("task", ME)


async def test_of_many_rivals_one_gets_the_lease(alert_store: AlertStore) -> None:
    got = await asyncio.gather(*(alert_store.leases.hold("task", f"host:{n}") for n in range(8)))
    assert sum(got) == 1
