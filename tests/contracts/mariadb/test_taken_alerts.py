"""Who works on an alert, and whether it woke people, for the fake and for MariaDB alike."""

from datetime import timedelta

import pytest

from faust_app.core.alerts.decide import SENDER, Step, due_notices
from faust_app.core.alerts.message import AlertMessage, Form
from faust_app.core.alerts.notices import Notice
from faust_app.core.alerts.urgency import Urgency
from faust_app.core.failure_codes import Severity
from faust_app.core.operators.audit import Actor, AuditEntry
from tests.contracts.conftest import AlertStore
from tests.contracts.mariadb.test_alert_repository import ME, NO_AGE, STORAGE, the_alert, written
from tests.factories import NOW


def entry(action: str, name: str = "ada") -> AuditEntry:
    return AuditEntry(NOW, Actor(name, "10.0.0.1"), action, STORAGE.fingerprint, {})


async def test_an_alert_is_taken_over_released_and_free_again_in_its_next_episode(alert_store: AlertStore) -> None:
    assert not await alert_store.taken.take(STORAGE.fingerprint, entry("alert.take")), "it is not open"
    await alert_store.faults.open_fault(STORAGE, age=timedelta(minutes=20), reported_ago=None)
    assert not await alert_store.taken.release(STORAGE.fingerprint, entry("alert.release")), "nobody has it"
    for name in ("ada", "grace"):
        assert await alert_store.taken.take(STORAGE.fingerprint, entry("alert.take", name))
        alert = await the_alert(alert_store, STORAGE.fingerprint)
        assert (alert.taken_by, alert.taken_at is not None) == (name, True)
    assert due_notices(await alert_store.snapshot()) == []
    assert await alert_store.taken.release(STORAGE.fingerprint, entry("alert.release"))
    assert [due.urgency for due in due_notices(await alert_store.snapshot())] == [Urgency.WAKE]
    assert await alert_store.audited() == ["alert.take", "alert.take", "alert.release"]
    await alert_store.taken.take(STORAGE.fingerprint, entry("alert.take"))
    await written(alert_store, Notice.CLOSED)
    assert not await alert_store.taken.take(STORAGE.fingerprint, entry("alert.take")), "it is over"
    await alert_store.faults.open_fault(STORAGE, age=NO_AGE, reported_ago=None)
    assert (await the_alert(alert_store, STORAGE.fingerprint)).taken_by is None


async def test_an_alert_wakes_people_once_an_episode(alert_store: AlertStore) -> None:
    await alert_store.faults.open_fault(STORAGE, age=timedelta(minutes=20), reported_ago=None)
    assert await alert_store.leases.hold(SENDER, ME)
    snapshot = await alert_store.snapshot()
    (due,) = due_notices(snapshot)
    assert (due.notice, due.urgency) == (Notice.OPENED, Urgency.WAKE)
    step = Step(snapshot.now, AlertMessage(Form.ALERT, snapshot.now, Severity.PLATFORM, "T", "t"), reported=(due,))
    assert await alert_store.alerts.record(step, ME)
    assert (await the_alert(alert_store, STORAGE.fingerprint)).woken_at == snapshot.now
    assert due_notices(await alert_store.snapshot()) == []


@pytest.mark.parametrize(("reported_after", "woken"), [(timedelta(minutes=1), False), (timedelta(minutes=16), True)])
async def test_a_fault_that_was_told_without_the_database_woke_people_by_its_age_then(
    alert_store: AlertStore, reported_after: timedelta, *, woken: bool
) -> None:
    age = timedelta(minutes=20)
    await alert_store.faults.open_fault(STORAGE, age=age, reported_ago=age - reported_after)
    assert ((await the_alert(alert_store, STORAGE.fingerprint)).woken_at is not None) is woken
    assert [due.notice for due in due_notices(await alert_store.snapshot())] == ([] if woken else [Notice.LASTS])
