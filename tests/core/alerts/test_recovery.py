"""What a fault leaves to do: stages, rates and words, with time as an argument."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.alerts.alert import Alert, FaultKind, PlatformFault
from faust_app.core.alerts.recovery import (
    BACK,
    LONGEST,
    MEASURED_FOR,
    Aftermath,
    Backlog,
    Recovery,
    Stage,
    back_text,
    backlog_of,
    caught_up_message,
    failed_by,
    recovers,
    republish_path,
    stage_of,
)
from faust_app.core.failure_codes import known_code
from faust_app.core.text import MAX_TEXT, Place, zoned_time
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
PLACE = Place(ZoneInfo("Europe/Berlin"), "https://images.example")
END = NOW + 30 * MINUTE


def alert_of(kind: FaultKind, subject: str | None = None) -> Alert:
    fingerprint = PlatformFault(kind, "w", subject=subject).fingerprint
    return Alert(fingerprint, kind.value, None, kind.severity, 1, NOW, END, 1, ended_at=END, closed_at=END, reported_count=1)


STORAGE = alert_of(FaultKind.DEPENDENCY_STORAGE)
RECOVERY = Recovery(STORAGE, END, 1200, END)


@pytest.mark.parametrize(
    ("alert", "follows"),
    [
        (STORAGE, True),
        (replace(STORAGE, ended_at=None), False),
        (replace(STORAGE, reported_count=0), False),
        (alert_of(FaultKind.HOST_DOWN), False),
        (alert_of(FaultKind.SUSPECTED_OURS, "truncated"), True),
        (replace(STORAGE, fingerprint="internal_error@-", code="internal_error"), False),
        (replace(STORAGE, fingerprint="fault.tomorrow@-", code="tomorrow"), False),
    ],
)
def test_only_the_end_of_a_fault_that_was_told_and_held_up_images_is_followed(alert: Alert, *, follows: bool) -> None:
    assert recovers(alert) is follows


@pytest.mark.parametrize(
    ("recovery", "episode", "left", "after", "stage"),
    [
        (replace(RECOVERY, alert=replace(STORAGE, closed_at=None)), 1, 0, 0 * MINUTE, Stage.NOT_TOLD),
        (RECOVERY, 1, 5, 1 * MINUTE, Stage.UNDER_WAY),
        (RECOVERY, 1, 0, 1 * MINUTE, Stage.CAUGHT_UP),
        (RECOVERY, 1, 5, LONGEST, Stage.CAUGHT_UP),
        (RECOVERY, 2, 5, 1 * MINUTE, Stage.RETURNED),
        (RECOVERY, 2, 0, 1 * MINUTE, Stage.RETURNED),
    ],
)
def test_where_a_recovery_stands(recovery: Recovery, episode: int, left: int, after: timedelta, stage: Stage) -> None:
    assert stage_of(recovery, episode, left, END + after) is stage


@pytest.mark.parametrize(
    ("left", "after", "rate", "time_left"),
    [
        (600, MINUTE, 10.0, MINUTE),
        (1200, MINUTE, None, None),
        (1300, MINUTE, None, None),
        (600, MEASURED_FOR - timedelta(seconds=1), None, None),
        (0, MINUTE, 20.0, timedelta(0)),
    ],
)
def test_the_rate_is_measured_from_the_end_of_the_fault(
    left: int, after: timedelta, rate: float | None, time_left: timedelta | None
) -> None:
    backlog = backlog_of(RECOVERY, left, END + after)
    assert (backlog.rate, backlog.time_left) == (rate, time_left)


@pytest.mark.parametrize(
    ("backlog", "words"),
    [
        (Backlog(1200, 600, 10.0), "600 images left to do, about 1 min at 10.0 images a second. A message follows when they are done."),
        (
            Backlog(1200, 60, 10.0),
            "60 images left to do, less than a minute at 10.0 images a second. A message follows when they are done.",
        ),
        (Backlog(1, 1), "1 image left to do; the rate is not known yet. A message follows when they are done."),
        (Backlog(1200, 0), "caught up: 1,200 images delayed, 0 failed because of it, 0 left to do."),
        (
            Backlog(5, 0, failed=2, republish="/admin/republish?x"),
            "caught up: 5 images delayed, 2 failed because of it, 0 left to do; publish them again: https://images.example/admin/republish?x.",
        ),
    ],
)
def test_what_is_left_is_told_in_words(backlog: Backlog, words: str) -> None:
    assert back_text(backlog, PLACE) == words


@pytest.mark.parametrize("kind", BACK)
def test_what_failed_because_of_a_fault_is_a_filter_of_the_republish(kind: FaultKind) -> None:
    alert = alert_of(kind, "truncated" if kind is FaultKind.SUSPECTED_OURS else None)
    assert all(known_code(code) is not None for code in failed_by(alert))
    assert republish_path(alert, Aftermath(0, 5), END) is None
    path = republish_path(alert, Aftermath(3, 0), END)
    assert path is not None
    asked = parse_qs(urlsplit(path).query)
    assert (asked["state"], asked["since"], asked["until"]) == (["failed"], ["2026-03-01T12:00:00"], ["2026-03-01T12:30:01"])
    by_release = parse_qs(urlsplit(republish_path(alert, Aftermath(3, 0, "2.0 & more"), END) or "").query)
    assert by_release["judged_by"] == ["2.0 & more"]
    assert "since" not in by_release


def test_the_last_message_of_a_fault_says_what_was_delayed_what_failed_and_what_is_left() -> None:
    message = caught_up_message(RECOVERY, 0, Aftermath(2, 3), PLACE, END + 4 * MINUTE)
    path = republish_path(STORAGE, Aftermath(2, 3), END + 4 * MINUTE)
    assert message.title == "[caught up] Object storage is available again: 1,200 images delayed, 2 failed, 3 left"
    assert message.text.splitlines() == [
        f"What: Object storage is unavailable, from {zoned_time(NOW, PLACE.zone)} to {zoned_time(END, PLACE.zone)}, 30 min.",
        "Caught up: 4 min after its end.",
        "Delayed by it: 1,200 images.",
        f"Failed because of it: 2 images; publish them again: https://images.example{path}.",
        "Left to do: 0 held up, 3 that wait for their sources.",
    ]


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from(sorted(BACK)))
def test_every_last_message_fits_and_says_whether_something_is_held_up(left: int, failed: int, waiting: int, kind: FaultKind) -> None:
    recovery = replace(RECOVERY, alert=alert_of(kind, "truncated"))
    message = caught_up_message(recovery, left, Aftermath(failed, waiting), PLACE, END + LONGEST)
    assert len(message.text) <= MAX_TEXT
    assert message.title.startswith("[not caught up]" if left else "[caught up]")
