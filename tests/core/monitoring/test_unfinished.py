"""Lost in bulk, and late: what the counts say."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.messages.positions import PartitionOffsets, Position
from faust_app.core.monitoring.unfinished import (
    Positions,
    RowCounts,
    UnfinishedState,
    classify_unfinished,
    lost_where,
    nobody_publishes,
    past_end_now,
    queued_where,
    unconsumed_places,
)
from tests.factories import NOW, accepted_row

PLACE = ("bulk", 3)
offsets = st.integers(0, 50)


def is_in(where: list[Positions], offset: int) -> int:
    return sum(each.place == PLACE and each.start <= offset < each.end for each in where)


@given(offsets, st.none() | offsets, offsets, st.none() | offsets, st.booleans())
def test_the_ranges_hold_each_position_once_the_lost_ones_and_the_queued_ones_apart(
    offset: int,
    committed: int | None,
    start: int,
    end: int | None,
    before: bool,  # noqa: FBT001 - drawn
) -> None:
    known = {PLACE: PartitionOffsets(committed, start, end)}
    past_end = frozenset({PLACE} if before else ())
    row = accepted_row(position=Position(*PLACE, offset), scheduled_at=None)
    lost = classify_unfinished(row, known, past_end_before=before) is UnfinishedState.LOST
    assert is_in(lost_where(known, frozenset(), past_end), offset) == int(lost)
    assert is_in(queued_where(known, {PLACE: offset}, frozenset(), past_end), offset) == int(not lost)


def test_every_position_in_a_place_that_nobody_consumes_is_lost() -> None:
    known = {("retry", 0): PartitionOffsets(0, 0, 9)}
    assert unconsumed_places(known, {PLACE: 4, ("retry", 0): 4}) == {PLACE}
    assert is_in(lost_where(known, frozenset({PLACE}), frozenset()), 4) == 1


def test_a_place_is_past_its_end_when_a_row_stands_there_or_behind_it() -> None:
    known = {PLACE: PartitionOffsets(0, 0, 9)}
    assert past_end_now(known, {PLACE: 8}) == frozenset()
    assert past_end_now(known, {PLACE: 9}) == {PLACE}
    assert past_end_now({PLACE: PartitionOffsets(0, 0, None)}, {PLACE: 9}) == frozenset()
    assert past_end_now(known, {("gone", 0): 1}) == frozenset()


def test_what_is_overdue_is_late_only_if_nobody_publishes_meanwhile() -> None:
    late = RowCounts(overdue=5, next_due=NOW)
    assert nobody_publishes(late, late)
    assert not nobody_publishes(None, late)
    assert not nobody_publishes(late, RowCounts(overdue=4, next_due=NOW + timedelta(seconds=1)))
    assert not nobody_publishes(RowCounts(overdue=0, next_due=NOW), late)


def test_a_row_that_is_both_old_and_lost_counts_once() -> None:
    counts = RowCounts(placed=10, lost=4, lost_young=1, old=7)
    assert (counts.stalled, counts.queued) == (8, 6)
