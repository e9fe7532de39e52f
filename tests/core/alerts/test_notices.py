"""When a person hears of a cause: decisions over the alert's row, what was told of it, and the time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.alerts.alert import QUIET, Alert, FaultKind, PlatformFault, fault_kind
from faust_app.core.alerts.notices import Notice, ShopHour, hits_shop_hard, is_over, magnitude, notice_for
from faust_app.core.failure_codes import Severity
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
SHOP_ALERT = Alert("source_error@h", "source_error", "h", Severity.SHOP, 1, NOW, NOW, 1)
FAULT = PlatformFault(FaultKind.DEPENDENCY_STORAGE, "w")
FAULT_ALERT = Alert(FAULT.fingerprint, FAULT.kind.value, None, Severity.PLATFORM, 1, NOW, NOW, 1)
BUG_ALERT = Alert("internal_error@-", "internal_error", None, Severity.PLATFORM, 1, NOW, NOW, 1)
DATABASE = PlatformFault(FaultKind.DEPENDENCY_DATABASE, "w")
DATABASE_ALERT = replace(FAULT_ALERT, fingerprint=DATABASE.fingerprint, code=DATABASE.kind.value)
HARD = (ShopHour(7, 50, 1000),)


@pytest.mark.parametrize(
    ("alert", "hours", "after", "notice"),
    [
        # A fault that may heal is told after two minutes, wakes after fifteen, is told again with every power of ten, and its end.
        (FAULT_ALERT, (), 0 * MINUTE, None),
        (FAULT_ALERT, (), 1.9 * MINUTE, None),
        (FAULT_ALERT, (), 2 * MINUTE, Notice.OPENED),
        (replace(FAULT_ALERT, reported_count=1, last_at=NOW + 14 * MINUTE), (), 14.9 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1, last_at=NOW + 15 * MINUTE), (), 15 * MINUTE, Notice.LASTS),
        (replace(FAULT_ALERT, reported_count=1, last_at=NOW + 40 * MINUTE, woken_at=NOW + 15 * MINUTE), (), 41 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1, last_at=NOW + 1 * MINUTE), (), 20 * MINUTE, None),  # its process died
        (replace(FAULT_ALERT, reported_count=1, last_at=NOW + 15 * MINUTE, ended_at=NOW + 15 * MINUTE), (), 15 * MINUTE, None),
        # One that somebody must act on is told at once.
        (DATABASE_ALERT, (), 0 * MINUTE, Notice.OPENED),
        (replace(DATABASE_ALERT, reported_count=1, woken_at=NOW, last_at=NOW + 20 * MINUTE), (), 20 * MINUTE, None),
        # One that somebody has taken is told when it is over, and not before.
        (replace(DATABASE_ALERT, taken_by="ada", taken_at=NOW), (), 0 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1, taken_at=NOW, last_at=NOW + 15 * MINUTE), (), 15 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1, taken_at=NOW, occurrences=5000), (), 5 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1, taken_at=NOW, ended_at=NOW), (), 1 * MINUTE, Notice.CLOSED),
        (replace(SHOP_ALERT, occurrences=100, reported_count=50, taken_at=NOW), (), 0 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1), (), 5 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1, occurrences=9), (), 5 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1, occurrences=10), (), 5 * MINUTE, Notice.GREW),
        (replace(FAULT_ALERT, reported_count=10, occurrences=99), (), 5 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=10, occurrences=5000), (), 5 * MINUTE, Notice.GREW),
        (replace(FAULT_ALERT, reported_count=1, ended_at=NOW), (), 0.9 * MINUTE, None),
        (replace(FAULT_ALERT, reported_count=1, ended_at=NOW), (), 1 * MINUTE, Notice.CLOSED),
        (replace(FAULT_ALERT, ended_at=NOW), (), 0.5 * MINUTE, None),
        (replace(FAULT_ALERT, ended_at=NOW), (), 1 * MINUTE, Notice.WAS_OPEN),
        (replace(FAULT_ALERT, reported_count=1), (), QUIET, Notice.CLOSED),
        # A fault of a shop waits for the digest, unless it hits the shop hard; told once, it is closed aloud.
        (SHOP_ALERT, (), 0 * MINUTE, None),
        (replace(SHOP_ALERT, occurrences=100_000), (), 0 * MINUTE, None),
        (replace(SHOP_ALERT, occurrences=50), HARD, 0 * MINUTE, Notice.OPENED),
        (replace(SHOP_ALERT, occurrences=99, reported_count=50), HARD, 0 * MINUTE, None),
        (replace(SHOP_ALERT, occurrences=100, reported_count=50), (), 0 * MINUTE, Notice.GREW),
        (replace(SHOP_ALERT, occurrences=100, reported_count=50), (), QUIET - MINUTE, Notice.GREW),
        (replace(SHOP_ALERT, occurrences=50, reported_count=50), (), QUIET, Notice.CLOSED),
        (replace(SHOP_ALERT, occurrences=49), HARD, QUIET, None),
    ],
)
def test_what_there_is_to_say_of_an_alert(alert: Alert, hours: tuple[ShopHour, ...], after: timedelta, notice: Notice | None) -> None:
    assert notice_for(alert, hours, NOW + after) is notice


@pytest.mark.parametrize(
    ("failed", "shop_images", "hard"),
    [
        (50, 1_000_000, True), (49, 1000, False),
        (10, 200, True), (10, 201, False), (9, 20, False), (9, 9, False), (10, 10, True), (49, 980, True), (49, 981, False),
    ],
)  # fmt: skip
def test_a_shop_is_hit_hard_from_fifty_images_or_a_twentieth_and_never_below_ten(failed: int, shop_images: int, *, hard: bool) -> None:
    assert hits_shop_hard(ShopHour(7, failed, shop_images)) is hard


@given(st.integers(0, 200), st.integers(0, 5000))
def test_to_count_a_shop_no_further_than_a_thousand_changes_no_decision(failed: int, shop_images: int) -> None:
    assert hits_shop_hard(ShopHour(7, failed, min(shop_images, 1000))) is hits_shop_hard(ShopHour(7, failed, shop_images))


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=60), st.sampled_from([BUG_ALERT, SHOP_ALERT]))
def test_one_cause_is_told_once_a_power_of_ten_however_its_images_come(jumps: list[int], first: Alert) -> None:
    alert, told = replace(first, occurrences=0), 0
    for jump in jumps:
        alert = replace(alert, occurrences=alert.occurrences + jump)
        if notice_for(alert, HARD, NOW) is not None:
            told += 1
            alert = replace(alert, reported_count=alert.occurrences)
        assert notice_for(alert, HARD, NOW) is None, "what was told is not told again"
    assert 1 <= told <= magnitude(alert.occurrences) + 1
    assert notice_for(alert, (), NOW + QUIET) is Notice.CLOSED


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_that_returns_while_it_lingers_is_the_same_alert(kind: FaultKind) -> None:
    alert = replace(FAULT_ALERT, code=kind.value, fingerprint=PlatformFault(kind, "w").fingerprint, ended_at=NOW)
    assert fault_kind(alert) is kind
    assert not is_over(alert, NOW + kind.linger - timedelta(microseconds=1))
    assert is_over(alert, NOW + kind.linger)


@pytest.mark.parametrize("kind", [FaultKind.HOST_DOWN, FaultKind.HOST_BLOCKS, FaultKind.SHOP_HOST_DOWN])
def test_a_host_that_comes_and_goes_is_told_once_an_hour(kind: FaultKind) -> None:
    assert kind.linger == timedelta(hours=1)


def test_a_kind_of_fault_that_only_a_newer_release_knows_is_still_closed() -> None:
    alert = replace(FAULT_ALERT, code="tomorrow", fingerprint="fault.tomorrow@-", ended_at=NOW)
    assert fault_kind(alert) is None
    assert is_over(alert, NOW + MINUTE)


@pytest.mark.parametrize(("count", "power"), [(0, 0), (1, 0), (9, 0), (10, 1), (99, 1), (100, 2), (120_000, 5)])
def test_the_power_of_ten_a_count_has_reached(count: int, power: int) -> None:
    assert magnitude(count) == power
