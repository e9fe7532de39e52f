"""OK, lagging, stalled or stopped: a table of what a group looked like over two minutes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.monitoring.lag import (
    STALLED_AFTER,
    LagSample,
    LagStatus,
    PartitionLag,
    TopicLag,
    lag_status,
    recent,
    velocity,
    worst,
)  # fmt: skip
from tests.factories import NOW

LAGGING_AFTER = timedelta(minutes=5)
EVERY = 10


def partition(committed: int | None, end: int, *, age: float = 5.0, at: int = 0, number: int = 0) -> PartitionLag:
    each = PartitionLag("bulk", number, committed, 0, end)
    return replace(each, oldest_unfinished_at=NOW + timedelta(seconds=at - age) if each.lag else None)


def history(make: Callable[[int], LagSample], seconds: int = 120) -> list[LagSample]:
    """LagSample every ten seconds; `make` is told how many have passed."""
    return [make(second) for second in range(0, seconds + 1, EVERY)]


def sample(second: int, *partitions: PartitionLag, members: int | None = 2, held_by: tuple[str, ...] = ()) -> LagSample:
    return LagSample(NOW + timedelta(seconds=second), "g", partitions, members, held_by)


HISTORIES = {
    "an idle topic": (lambda s: sample(s, partition(7, 7)), LagStatus.OK),
    "an empty topic nobody ever committed": (lambda s: sample(s, partition(None, 0)), LagStatus.OK),
    "an idle topic without a member": (lambda s: sample(s, partition(7, 7), members=0), LagStatus.OK),
    "a record that came this moment to an idle topic": (
        lambda s: sample(s, partition(7, 7 if s < 120 else 8, age=0, at=s)),
        LagStatus.OK,
    ),
    "a group that keeps up": (lambda s: sample(s, partition(s * 10, s * 10 + 5, at=s)), LagStatus.OK),
    "a backlog that is worked on": (lambda s: sample(s, partition(s * 10, 90_000, age=600, at=s)), LagStatus.LAGGING),
    "a backlog that is worked on faster than it grows old": (lambda s: sample(s, partition(s * 10, 90_000, age=30, at=s)), LagStatus.OK),
    "two minutes without an event finished": (lambda s: sample(s, partition(5, 9 + s, age=100 + s, at=s)), LagStatus.STALLED),
    "a partition that stands still beside one that does not": (
        lambda s: sample(s, partition(s, 9_000, at=s), partition(5, 9, at=s, number=1)),
        LagStatus.STALLED,
    ),
    "one event finished within two minutes": (lambda s: sample(s, partition(5 if s < 60 else 6, 90, at=s)), LagStatus.OK),
    "a group nobody of has committed, not moving": (lambda s: sample(s, partition(None, 9, at=s)), LagStatus.STALLED),
    "an open breaker": (lambda s: sample(s, partition(5, 90, age=s + 60, at=s), held_by=("storage is unavailable",)), LagStatus.LAGGING),
    "an open breaker for long": (
        lambda s: sample(s, partition(5, 90, age=900, at=s), held_by=("storage is unavailable",)),
        LagStatus.LAGGING,
    ),
    "a breaker that closed a minute ago": (
        lambda s: sample(s, partition(5, 90, at=s), held_by=("storage is unavailable",) if s < 60 else ()),
        LagStatus.OK,
    ),
    "markers of a transaction at the end": (lambda s: sample(s, replace(partition(5, 6), oldest_unfinished_at=None)), LagStatus.OK),
    "a topic made anew, below the committed offset": (lambda s: sample(s, partition(500, 3)), LagStatus.OK),
    "no worker for two minutes": (lambda s: sample(s, partition(5, 9, at=s), members=0), LagStatus.STOPPED),
    "no worker, and a breaker that was open when it ended": (
        lambda s: sample(s, partition(5, 9, at=s), members=0, held_by=("storage is unavailable",)),
        LagStatus.STOPPED,
    ),
    "all workers start again": (lambda s: sample(s, partition(s, 900, at=s), members=0 if 60 < s < 110 else 2), LagStatus.OK),
    "workers that came back this moment": (lambda s: sample(s, partition(s // 50, 900, at=s), members=0 if s < 120 else 2), LagStatus.OK),
    "members that nobody could count": (lambda s: sample(s, partition(s, 900, at=s), members=None), LagStatus.OK),
}


@pytest.mark.parametrize(("make", "expected"), HISTORIES.values(), ids=HISTORIES)
def test_a_history_tells_how_a_group_does(make: Callable[[int], LagSample], expected: LagStatus) -> None:
    assert lag_status(history(make), LAGGING_AFTER) is expected


@pytest.mark.parametrize("seconds", [0, 60, 110])
def test_a_process_that_samples_for_less_than_two_minutes_calls_nothing_stalled(seconds: int) -> None:
    samples = history(lambda s: sample(s, partition(5, 9, at=s)), seconds)
    assert lag_status(samples, LAGGING_AFTER) is LagStatus.OK


def test_a_gap_in_the_looking_says_nothing_about_the_time_between() -> None:
    samples = [sample(second, partition(5, 9, at=second)) for second in (0, 10, 120, 130)]
    assert lag_status(samples, LAGGING_AFTER) is LagStatus.OK


def test_the_worst_group_counts() -> None:
    assert worst([LagStatus.OK, LagStatus.STALLED, LagStatus.LAGGING]) is LagStatus.STALLED
    assert worst([LagStatus.STOPPED, LagStatus.STALLED]) is LagStatus.STOPPED
    assert worst([]) is LagStatus.OK


def test_lag_counts_from_the_logs_start_where_that_is_past_the_committed_offset() -> None:
    assert PartitionLag("bulk", 0, 5, 100, 120).lag == 20
    assert PartitionLag("bulk", 0, None, 100, 120).lag == 20
    assert PartitionLag("bulk", 0, 110, 100, 120).lag == 10


def test_lag_in_time_is_the_age_of_the_oldest_unfinished_record() -> None:
    assert sample(60, partition(5, 9, age=30, at=60), partition(5, 9, age=45, at=60, number=1)).lag_seconds == 45
    assert sample(60, partition(9, 9)).lag_seconds == 0


def test_velocity_and_time_to_drain_are_told_from_the_samples() -> None:
    samples = history(lambda s: sample(s, partition(s * 50, 100_000 + s * 10)))
    speed = velocity(samples)
    assert speed is not None
    assert (speed.finished, speed.arriving) == (50, 10)
    assert speed.drain_seconds(samples[-1].lag) == pytest.approx(samples[-1].lag / 40)
    assert speed.drain_seconds(0) == 0
    assert velocity(samples[:1]) is None


def test_what_grows_as_fast_as_it_is_worked_on_is_never_done() -> None:
    speed = velocity(history(lambda s: sample(s, partition(s * 10, 500 + s * 10))))
    assert speed is not None
    assert speed.drain_seconds(500) is None


def test_samples_that_no_rule_needs_are_forgotten() -> None:
    samples = history(lambda s: sample(s, partition(s, s)), 1_000)
    kept = recent(samples)
    assert len(kept) < 25
    assert kept[-1].at - kept[0].at >= STALLED_AFTER


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ([None, None, None], TopicLag(0, 0.0)),
        ([9.0, None, None], TopicLag(3, 0.0)),
        ([9.0, 4.0, None], TopicLag(6, 4.0)),
        ([9.0, 4.0, 600.0], TopicLag(9, 9.0)),
        ([-1.0, -1.0, -1.0], TopicLag(9, 0.0)),
        ([9.0], TopicLag(3, 9.0)),
    ],
)
def test_a_topic_is_as_far_behind_as_its_middle_partition(ages: list[float | None], expected: TopicLag) -> None:
    of_topic = [partition(5, 5 if age is None else 8, age=age or 0.0, number=n) for n, age in enumerate(ages)]
    other = PartitionLag("retry", 0, 0, 0, 99, NOW - timedelta(hours=1))
    assert sample(0, *of_topic, other).of_topic("bulk") == expected
    assert sample(0, other).of_topic("bulk") is None
