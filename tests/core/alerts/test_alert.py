"""What an alert is of: identities, severities, slots."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.alerts.alert import Alert, FaultKind, PlatformFault, fault_kind, slot_of
from faust_app.core.failure_codes import FailureCode, Severity
from tests.factories import NOW

SHOP_ALERT = Alert("source_error@h", "source_error", "h", Severity.SHOP, 1, NOW, NOW, 1)


@pytest.mark.parametrize("code", FailureCode)
def test_only_what_is_ours_is_a_fault_of_the_platform(code: FailureCode) -> None:
    ours = code.value.endswith("_unavailable") or code in {
        FailureCode.INTERNAL_ERROR,
        FailureCode.UNKNOWN_VERSION,
        FailureCode.UNPARSEABLE,
        FailureCode.SHOP_PAUSED,
        FailureCode.LOST_REPEATEDLY,
        FailureCode.UNSTORABLE_RESULT,
    }
    assert code.severity is (Severity.PLATFORM if ours else Severity.SHOP)


def test_a_fault_never_shares_its_fingerprint_with_failed_images() -> None:
    alert = replace(SHOP_ALERT, code="host_down", fingerprint="host_down@h")
    assert fault_kind(alert) is None
    assert PlatformFault(FaultKind.HOST_DOWN, "w", host="h").fingerprint != alert.fingerprint


@given(st.datetimes(min_value=NOW - timedelta(days=400), max_value=NOW + timedelta(days=400)))
def test_a_slot_is_five_minutes_of_the_clock(at: object) -> None:
    assert slot_of(at) <= at < slot_of(at) + timedelta(minutes=5)  # type: ignore[operator, arg-type]


def test_faults_of_one_kind_with_different_subjects_are_different_alerts() -> None:
    faults = [PlatformFault(FaultKind.SUSPECTED_OURS, "w", subject=code) for code in ("truncated", "empty", None)]
    assert len({fault.fingerprint for fault in faults}) == 3
    alerts = [replace(SHOP_ALERT, code="suspected_ours", fingerprint=fault.fingerprint) for fault in faults]
    assert [alert.subject for alert in alerts] == ["truncated", "empty", None]
    assert [fault_kind(alert) for alert in alerts] == [FaultKind.SUSPECTED_OURS] * 3
    assert replace(SHOP_ALERT, fingerprint="fault.host_down@cdn.test:8080", code="host_down").subject is None
