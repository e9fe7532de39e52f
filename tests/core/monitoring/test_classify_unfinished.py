"""Waiting, queued or lost: a table of histories, each told by what is read of it at one moment."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.images.row import ImageRow, ScheduleReason
from faust_app.core.messages.positions import PartitionOffsets, Position
from faust_app.core.monitoring.unfinished import UnfinishedState, classify_unfinished, is_overdue, lost_below
from tests.factories import NOW, accepted_row

BULK = ("bulk", 3)


def published(offset: int, topic: str = "bulk") -> ImageRow:
    return accepted_row(position=Position(topic, 3, offset), scheduled_at=None, schedule_reason=None)


HISTORIES = [
    ("behind a backlog", published(120_000), PartitionOffsets(5, 0, 200_000), UnfinishedState.QUEUED),
    ("the next to be consumed", published(5), PartitionOffsets(5, 0, 6), UnfinishedState.QUEUED),
    ("consumed and forgotten", published(4), PartitionOffsets(5, 0, 6), UnfinishedState.LOST),
    ("expired by retention", published(4), PartitionOffsets(4, 5, 9), UnfinishedState.LOST),
    ("expired before anybody committed", published(4), PartitionOffsets(None, 5, 9), UnfinishedState.LOST),
    ("nothing was ever committed", published(4), PartitionOffsets(None, 0, 9), UnfinishedState.QUEUED),
    ("offsets reset to the log's start", published(4), PartitionOffsets(0, 0, 9), UnfinishedState.QUEUED),
    ("offsets reset to the log's end", published(4), PartitionOffsets(9, 0, 9), UnfinishedState.LOST),
    ("never sent", accepted_row(), PartitionOffsets(9, 0, 9), UnfinishedState.SCHEDULED),
    (
        "a retry that waits",
        replace(published(4), scheduled_at=NOW, schedule_reason=ScheduleReason.RETRY),
        PartitionOffsets(9, 0, 9),
        UnfinishedState.SCHEDULED,
    ),
    ("a retry that was published", published(9), PartitionOffsets(9, 0, 10), UnfinishedState.QUEUED),
    ("a retry that was consumed and forgotten", published(9), PartitionOffsets(10, 0, 10), UnfinishedState.LOST),
    ("a retry whose message expired", published(9), PartitionOffsets(3, 10, 12), UnfinishedState.LOST),
    (
        "a retry that is due and not yet published",
        replace(published(4), scheduled_at=NOW - timedelta(days=1)),
        PartitionOffsets(9, 0, 9),
        UnfinishedState.SCHEDULED,
    ),
    (
        "behind a backlog for days",
        replace(published(120_000), open_since=NOW - timedelta(days=6)),
        PartitionOffsets(5, 0, 200_000),
        UnfinishedState.QUEUED,
    ),
    ("behind a backlog whose head expired", published(120_000), PartitionOffsets(5, 90_000, 200_000), UnfinishedState.QUEUED),
    ("consumed and forgotten by a group that went back since", published(4), PartitionOffsets(3, 0, 9), UnfinishedState.QUEUED),
    ("superseded while its old message was consumed", accepted_row(version=11), PartitionOffsets(5, 0, 9), UnfinishedState.SCHEDULED),
    ("superseded, and the newer message waits", replace(published(8), version=11), PartitionOffsets(5, 0, 9), UnfinishedState.QUEUED),
    (
        "superseded, and the newer message was forgotten too",
        replace(published(4), version=11),
        PartitionOffsets(5, 0, 9),
        UnfinishedState.LOST,
    ),
    (
        "long at work, its message acknowledged",
        accepted_row(scheduled_at=NOW, schedule_reason=ScheduleReason.RUNNING),
        PartitionOffsets(9, 0, 9),
        UnfinishedState.SCHEDULED,
    ),
    ("a topic made anew that grew past the old position", published(4), PartitionOffsets(0, 0, 9), UnfinishedState.QUEUED),
    ("a topic made anew under a group that committed in the old one", published(4), PartitionOffsets(5, 0, 2), UnfinishedState.LOST),
    (
        "neither a time nor a position",
        accepted_row(scheduled_at=None, schedule_reason=None),
        PartitionOffsets(9, 0, 9),
        UnfinishedState.LOST,
    ),
    ("in a topic we do not consume", published(4, "elsewhere"), PartitionOffsets(0, 0, 9), UnfinishedState.LOST),
]


@pytest.mark.parametrize(("row", "offsets", "expected"), [history[1:] for history in HISTORIES], ids=[history[0] for history in HISTORIES])
def test_a_history_tells_where_an_image_stands(row: ImageRow, offsets: PartitionOffsets, expected: UnfinishedState) -> None:
    assert classify_unfinished(row, {BULK: offsets}) is expected


def test_a_topic_made_anew_loses_its_rows_in_the_second_pass_only() -> None:
    offsets = {BULK: PartitionOffsets(None, 0, 2)}
    assert classify_unfinished(published(4), offsets) is UnfinishedState.QUEUED
    assert classify_unfinished(published(4), offsets, past_end_before=True) is UnfinishedState.LOST
    assert classify_unfinished(published(1), offsets, past_end_before=True) is UnfinishedState.QUEUED


def test_an_end_that_is_not_known_loses_nothing() -> None:
    assert classify_unfinished(published(4), {BULK: PartitionOffsets(0, 0, None)}, past_end_before=True) is UnfinishedState.QUEUED


@pytest.mark.parametrize(("late", "overdue"), [(-1, False), (0, False), (59, False), (60, True)])
def test_a_row_that_is_due_for_a_minute_has_no_publisher(late: int, overdue: bool) -> None:  # noqa: FBT001 - a column
    row = accepted_row(scheduled_at=NOW)
    assert is_overdue(row, NOW + timedelta(seconds=late)) is overdue
    assert not is_overdue(published(1), NOW)


@given(st.integers(0, 50), st.none() | st.integers(0, 50), st.integers(0, 50))
def test_the_bound_that_finds_lost_rows_in_bulk_says_what_the_rule_says(offset: int, committed: int | None, start: int) -> None:
    partition = PartitionOffsets(committed, start)
    assert (classify_unfinished(published(offset), {BULK: partition}) is UnfinishedState.LOST) == (offset < lost_below(partition))
