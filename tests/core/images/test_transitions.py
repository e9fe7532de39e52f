"""What an event's end does to the row, and what may be collected."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.alerts.alert import Occurrence
from faust_app.core.failure import FailureCode
from faust_app.core.images.counted import counted_retry
from faust_app.core.images.objects import image_prefix, object_key, version_of
from faust_app.core.images.outcome import LATE_PUT, Deferred, Failed, HistoryEntry, Kept, Outcome, Removed, Retry, Settlement, Stored
from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.images.transitions.collect import may_collect
from faust_app.core.images.transitions.settle import settle
from faust_app.core.messages.positions import Position
from tests.factories import NOW, accepted_row, done_row, make_shown

GRACE = timedelta(days=7)


def settled(current: ImageRow | None, outcome: Outcome) -> Settlement:
    return settle(current, outcome, now=NOW, replaced_grace=GRACE)


def stored(row: ImageRow, digest: bytes = b"\x02" * 32) -> Stored:
    return Stored(row, make_shown(row, digest=digest))


def outcomes(row: ImageRow) -> list[Outcome]:
    return [
        stored(row),
        Kept(row, make_shown(row), transferred=True),
        Removed(row),
        Failed(row, FailureCode.TRUNCATED, "d"),
        Retry(row, FailureCode.SOURCE_ERROR, "d", timedelta(seconds=10)),
        Deferred(row, timedelta(seconds=10)),
    ]


def test_a_stored_image_is_shown_and_waits_for_nothing() -> None:
    row = accepted_row()
    after = settled(row, stored(row)).row
    assert after is not None
    assert (after.state, after.shown_version, after.scheduled_at, after.open_since) == (ImageState.DONE, row.version, None, None)
    assert after.shown == stored(row).shown


def test_what_was_shown_before_goes_to_the_garbage_after_its_grace() -> None:
    before = done_row(version=9)
    row = replace(before, version=10, state=ImageState.IN_PROGRESS)
    (garbage,) = settled(row, stored(row)).garbage
    assert before.shown is not None
    assert (garbage.target, garbage.due_at) == (before.shown.object_key, NOW + GRACE)


def test_the_same_bytes_keep_their_key_and_leave_no_garbage() -> None:
    before = done_row(version=9)
    row = replace(before, version=10, state=ImageState.IN_PROGRESS)
    assert before.shown is not None
    settlement = settled(row, Kept(row, replace(before.shown, version=10), transferred=False))
    assert settlement.row is not None
    assert settlement.row.shown is not None
    assert settlement.row.shown.object_key == before.shown.object_key
    assert (settlement.row.shown_version, settlement.garbage) == (10, ())


def test_a_deleted_image_shows_nothing_and_its_prefix_is_collected_also_after_a_late_put() -> None:
    row = replace(done_row(version=9), version=10, state=ImageState.IN_PROGRESS)
    settlement = settled(row, Removed(row))
    assert settlement.row is not None
    assert (settlement.row.state, settlement.row.shown, settlement.row.shown_version) == (ImageState.DELETED, None, 10)
    prefix = image_prefix(*row.key)
    assert [(entry.target, entry.due_at) for entry in settlement.garbage] == [(prefix, NOW), (prefix, NOW + LATE_PUT)]


def test_a_failed_image_still_shows_what_it_showed() -> None:
    before = done_row(version=9)
    row = replace(before, version=10, state=ImageState.IN_PROGRESS)
    after = settled(row, Failed(row, FailureCode.SOURCE_NOT_FOUND, "404")).row
    assert after is not None
    assert (after.state, after.shown, after.shown_version) == (ImageState.FAILED, before.shown, 9)
    assert (after.error_code, after.fingerprint) == ("source_not_found", "source_not_found@source.test")


@pytest.mark.parametrize(
    ("code", "cause", "host"),
    [
        (FailureCode.SOURCE_NOT_FOUND, "source_not_found@source.test", "source.test"),
        (FailureCode.INTERNAL_ERROR, "internal_error@-", None),
    ],
)
def test_a_failed_image_counts_once_by_its_cause_and_an_error_of_ours_at_no_host(code: FailureCode, cause: str, host: str | None) -> None:
    row = accepted_row()
    settlement = settled(row, Failed(row, code, "d"))
    assert settlement.row is not None
    assert settlement.row.fingerprint == cause
    assert settlement.occurrence == Occurrence(cause, code, host, row.shop_no, row.image_id, "d")
    assert settled(row, stored(row)).occurrence is None


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize(
    "current",
    [None, accepted_row(version=11), replace(done_row(version=10)), replace(done_row(version=10), state=ImageState.DELETED, shown=None)],
)
def test_every_outcome_is_refused_once_the_row_moved_on(current: ImageRow | None, number: int) -> None:
    settlement = settled(current, outcomes(accepted_row(version=10))[number])
    assert settlement.row is None
    assert settlement.history is None


def test_the_object_of_a_refused_outcome_is_garbage_unless_it_is_the_one_shown() -> None:
    mine = stored(accepted_row())
    twin = replace(done_row(), shown=mine.shown)
    assert settled(twin, mine).garbage == ()
    (garbage,) = settled(accepted_row(version=11), mine).garbage
    assert (garbage.target, garbage.due_at) == (mine.shown.object_key, NOW + LATE_PUT)


def test_a_retry_waits_for_its_time_without_a_position_and_counts_one_attempt() -> None:
    row = accepted_row(attempt=1, position=Position("retry", 3, 9), scheduled_at=None, schedule_reason=None)
    settlement = settled(row, Retry(row, FailureCode.SOURCE_ERROR, "status 500", timedelta(seconds=60)))
    after = settlement.row
    assert after is not None
    assert (after.state, after.attempt, after.scheduled_at, after.schedule_reason) == (
        ImageState.IN_PROGRESS, 2, NOW + timedelta(seconds=60), ScheduleReason.RETRY,
    )  # fmt: skip
    assert (after.position, after.error_code, after.fingerprint) == (None, "source_error", "source_error@source.test")
    assert settlement.history == HistoryEntry(
        row.key, NOW, row.version, "retry", code="source_error", detail="status 500", counted=counted_retry(row, FailureCode.SOURCE_ERROR)
    )


def test_a_deferred_image_waits_and_nothing_is_counted_against_it() -> None:
    row = accepted_row(
        attempt=1, rescues=1, error_code="source_error", position=Position("bulk", 3, 9), scheduled_at=None, schedule_reason=None
    )
    settlement = settled(row, Deferred(row, timedelta(minutes=5)))
    after = settlement.row
    assert after == replace(row, scheduled_at=NOW + timedelta(minutes=5), schedule_reason=ScheduleReason.DEFERRED, position=None)
    assert settlement.history is None


@pytest.mark.parametrize("moved_on", [1, 0])
def test_a_retry_or_deferral_of_another_attempt_is_refused(moved_on: int) -> None:
    row = accepted_row(attempt=moved_on)
    late = replace(row, attempt=1 - moved_on)
    for outcome in (Retry(late, FailureCode.SOURCE_ERROR, "d", timedelta(0)), Deferred(late, timedelta(0))):
        assert settled(row, outcome) == Settlement(None)


@pytest.mark.parametrize(
    ("made_for", "row", "collect"),
    [
        (9, accepted_row(version=10), True),
        (10, accepted_row(version=10), False),
        (11, accepted_row(version=10), False),
        (10, done_row(version=10), True),
        (10, replace(done_row(version=10), state=ImageState.DELETED, shown=None), True),
        (10, replace(done_row(version=10), state=ImageState.FAILED), True),
        (11, done_row(version=10), False),
        (9, None, False),
        (None, done_row(version=10), False),
    ],
)
def test_only_what_can_never_be_shown_again_may_be_collected(made_for: int | None, row: ImageRow | None, *, collect: bool) -> None:
    assert may_collect("shops/7/x/other.jpg", made_for, row) is collect


def test_what_is_shown_is_never_collected_whatever_its_version() -> None:
    row = done_row(version=10)
    assert row.shown is not None
    assert not may_collect(row.shown.object_key, 3, replace(row, version=99))


@given(st.integers(1, 2**53), st.binary(min_size=1, max_size=64), st.integers(1, 2**62), st.binary(min_size=32, max_size=32))
def test_a_key_tells_its_version_and_lies_under_its_images_prefix(shop_no: int, image_id: bytes, version: int, digest: bytes) -> None:
    key = object_key(shop_no, image_id, version, digest.hex(), "avif")
    assert version_of(key) == version
    assert key.startswith(image_prefix(shop_no, image_id))
    assert len(key) <= 160
    assert key.isascii()


@pytest.mark.parametrize("key", ["", "x", "shops/7/abc/", "shops/7/abc/x-1.jpg", "shops/7/abc/12.jpg"])
def test_a_key_that_is_not_ours_has_no_version(key: str) -> None:
    assert version_of(key) is None


# Asked for again


@pytest.mark.parametrize("ends", ["stored", "kept", "failed"])
def test_an_image_that_was_asked_for_again_after_its_worker_read_it_is_fetched_once_more(ends: str) -> None:
    read = accepted_row()
    current = replace(read, requested_at=NOW + timedelta(seconds=1))
    outcomes: dict[str, Outcome] = {
        "stored": Stored(read, make_shown(read)),
        "kept": Kept(read, make_shown(read), transferred=True),
        "failed": Failed(read, FailureCode.SOURCE_GONE, "410"),
    }
    settlement = settle(current, outcomes[ends], now=NOW + timedelta(seconds=3), replaced_grace=timedelta(0))
    assert settlement.again is not None
    again = settlement.again
    assert (again.state, again.version > read.version, again.attempt) == (ImageState.IN_PROGRESS, True, 0)
    assert (again.scheduled_at, again.schedule_reason) == (NOW + timedelta(seconds=5), ScheduleReason.UNSENT)
    assert settlement.history is not None
    assert settlement.history.version == read.version


def test_an_image_that_nobody_asked_for_meanwhile_is_done() -> None:
    row = accepted_row()
    settlement = settle(row, Stored(row, make_shown(row)), now=NOW, replaced_grace=timedelta(0))
    assert settlement.again is None
