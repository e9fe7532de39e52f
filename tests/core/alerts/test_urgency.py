"""Whom a fault wakes and when: the rule table, with time as an argument."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.alerts.advice import advise
from faust_app.core.alerts.alert import Alert, FaultKind, PlatformFault
from faust_app.core.alerts.urgency import RULES, STALLS_AGAIN, Urgency, lasted, rule_of, urgency_of, woke
from faust_app.core.failure_codes import FailureCode, Severity
from tests.factories import NOW

MINUTE = timedelta(minutes=1)


def alert_of(kind: FaultKind, *, count: int = 1) -> Alert:
    return Alert(PlatformFault(kind, "w").fingerprint, kind.value, None, kind.severity, 1, NOW, NOW, count)


def told_and_woken(kind: FaultKind) -> tuple[float, float | None]:
    """Return the minutes after which a fault that stays is told and wakes, of the first hour."""
    told: float | None = None
    for tenths in range(601):
        now = NOW + tenths * MINUTE / 10
        alert = replace(alert_of(kind), last_at=now)
        if told is None and lasted(alert, now) >= rule_of(alert).told_after:
            told = tenths / 10
        if urgency_of(alert, now) is Urgency.WAKE:
            assert told is not None
            return told, tenths / 10
    assert told is not None
    return told, None


@pytest.mark.parametrize(
    ("kinds", "told", "wakes"),
    [
        (["dependency_database", "internal_error_breaker", "database_went_back", "too_much_garbage", "suspected_ours"], 0, 0),
        (["dependency_storage", "dependency_kafka", "egress", "lost", "late_jobs"], 2, 15),
        (["host_down", "host_blocks", "shop_host_down", "shop_internal_errors"], 2, None),
        (["worker_stalled"], 0, None),
    ],
)
def test_when_each_fault_is_told_and_when_it_wakes(kinds: list[str], told: float, wakes: float | None) -> None:
    assert {kind.value: told_and_woken(kind) for kind in FaultKind if kind.value in kinds} == dict.fromkeys(kinds, (told, wakes))


def test_every_fault_has_a_rule() -> None:
    assert set(RULES) == set(FaultKind)


@pytest.mark.parametrize("kind", FaultKind)
def test_what_does_not_heal_by_itself_wakes_at_once(kind: FaultKind) -> None:
    if advise(alert_of(kind)).heals.startswith("no;"):
        assert told_and_woken(kind) == (0, 0)


@pytest.mark.parametrize(("count", "urgency"), [(1, Urgency.TELL), (STALLS_AGAIN - 1, Urgency.TELL), (STALLS_AGAIN, Urgency.WAKE)])
def test_workers_that_stall_again_and_again_wake_somebody(count: int, urgency: Urgency) -> None:
    assert urgency_of(alert_of(FaultKind.WORKER_STALLED, count=count), NOW) is urgency


def test_a_fault_whose_process_died_never_outlives_its_last_report() -> None:
    alert = replace(alert_of(FaultKind.DEPENDENCY_STORAGE), last_at=NOW + 11 * MINUTE)
    assert urgency_of(alert, NOW + 29 * MINUTE) is Urgency.TELL
    assert urgency_of(replace(alert, last_at=NOW + 12 * MINUTE), NOW + 29 * MINUTE) is Urgency.WAKE


@pytest.mark.parametrize("code", FailureCode)
def test_failed_images_are_told_and_wake_nobody(code: FailureCode) -> None:
    alert = Alert(f"{code}@h", code.value, "h", Severity.PLATFORM, 1, NOW, NOW, 10**6)
    assert urgency_of(alert, NOW + timedelta(days=1)) is Urgency.TELL


def test_a_fault_that_only_a_newer_release_knows_wakes_when_it_lasts() -> None:
    alert = replace(alert_of(FaultKind.LOST), fingerprint="fault.tomorrow@-", code="tomorrow", last_at=NOW + 15 * MINUTE)
    assert [urgency_of(alert, NOW + minutes * MINUTE) for minutes in (14, 15)] == [Urgency.TELL, Urgency.WAKE]


@pytest.mark.parametrize(
    ("kind", "minutes", "woken"),
    [
        (FaultKind.DEPENDENCY_DATABASE, 0, True),
        (FaultKind.DEPENDENCY_STORAGE, 14, False),
        (FaultKind.DEPENDENCY_STORAGE, 15, True),
        (FaultKind.HOST_DOWN, 600, False),
    ],
)
def test_a_message_sent_without_the_database_counts_as_waking_by_the_same_rules(kind: FaultKind, minutes: int, *, woken: bool) -> None:
    assert woke(kind, minutes * MINUTE) is woken
