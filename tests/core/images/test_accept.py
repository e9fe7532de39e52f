"""What a request does to its row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.images.request_rules import Accepted, Decision, Superseded, Unchanged
from faust_app.core.images.row import FETCHED_AGAIN_AFTER, ImageRow, ImageState, ScheduleReason
from faust_app.core.images.transitions.accept import accept, accept_changed, next_version
from faust_app.core.messages.events import ImageRequest, Op
from faust_app.core.messages.positions import Position
from tests.factories import LEASE, NOW, SOURCE, accepted_row, done_row, make_request, unknown_row

LATER = NOW + timedelta(seconds=5)
OTHER = "http://source.test/b.jpg"


def decide(row: ImageRow, request: ImageRequest, *, reached: datetime = LATER) -> Decision:
    return accept(row, request, requested_at=reached, now=LATER, lease=LEASE)


def test_an_unknown_image_becomes_a_registration_that_waits_for_its_publisher() -> None:
    decision = decide(unknown_row(), make_request(op=Op.UPDATE))
    assert isinstance(decision, Accepted)
    row = decision.row
    assert (row.op, row.state, row.scheduled_at, row.schedule_reason) == (
        Op.REGISTER,
        ImageState.IN_PROGRESS,
        LATER + LEASE,
        ScheduleReason.UNSENT,
    )
    assert (row.open_since, row.requested_at, row.source_host) == (LATER, LATER, "source.test")


@pytest.mark.parametrize(
    ("row", "asked", "becomes"),
    [
        (done_row(), Op.REGISTER, Op.UPDATE),
        (done_row(), Op.UPDATE, Op.UPDATE),
        (done_row(), Op.DELETE, Op.DELETE),
        (replace(done_row(), state=ImageState.DELETED, shown=None), Op.UPDATE, Op.REGISTER),
        (replace(done_row(), state=ImageState.FAILED), Op.REGISTER, Op.UPDATE),
        (unknown_row(), Op.DELETE, Op.DELETE),
    ],
)
def test_what_the_row_says_wins_over_the_word(row: ImageRow, asked: Op, becomes: Op) -> None:
    decision = decide(row, make_request(op=asked))
    assert isinstance(decision, Accepted)
    assert decision.row.op is becomes


@pytest.mark.parametrize("state", ImageState)
def test_every_accepted_request_opens_a_version_of_its_own(state: ImageState) -> None:
    old = replace(accepted_row(version=2**60), state=state)  # ahead of the clock
    first = decide(old, make_request(op=Op.UPDATE, source_url=OTHER))
    second = decide(first.row, make_request(op=Op.DELETE))
    assert [first.row.version, second.row.version] == [old.version + 1, old.version + 2]


def test_accepting_clears_what_the_version_before_left() -> None:
    old = replace(
        accepted_row(), attempt=2, rescues=1, error_code="source_timeout", error_detail="d", fingerprint="f", position=Position("t", 1, 2)
    )
    decision = decide(old, make_request(op=Op.UPDATE, source_url=OTHER))
    assert isinstance(decision, Accepted)
    row = decision.row
    assert (row.attempt, row.rescues, row.error_code, row.error_detail, row.fingerprint, row.position) == (0, 0, None, None, None, None)
    assert row.open_since == old.open_since, "an image that never finished has been open since its first request"


@pytest.mark.parametrize(
    ("known", "asked", "superseded"),
    [(5, 4, True), (5, 5, True), (5, 6, False), (None, 1, False), (5, None, False), (None, None, False)],
)
def test_the_senders_own_revision_decides_where_both_have_one(known: int | None, asked: int | None, *, superseded: bool) -> None:
    row = replace(done_row(), external_version=known)
    assert isinstance(decide(row, make_request(external_version=asked)), Superseded) is superseded


def test_a_higher_revision_wins_even_if_it_reached_us_earlier() -> None:
    row = replace(done_row(), external_version=5, requested_at=LATER)
    assert isinstance(decide(row, make_request(external_version=6), reached=NOW), Accepted)


def test_a_request_that_reached_us_before_the_rows_is_superseded() -> None:
    row = replace(done_row(), requested_at=LATER)
    assert isinstance(decide(row, make_request(), reached=LATER - timedelta(microseconds=1)), Superseded)
    assert isinstance(decide(row, make_request(), reached=LATER), Accepted)


def test_a_request_without_a_revision_or_product_keeps_the_rows() -> None:
    row = replace(done_row(), external_version=5, product_id="p", product_name="Red shoe", sku="S-1")
    decision = decide(row, make_request(source_url="http://source.test/b.jpg"))
    assert isinstance(decision, Accepted)
    assert (decision.row.external_version, decision.row.product_id) == (5, "p")
    assert (decision.row.product_name, decision.row.sku) == ("Red shoe", "S-1")


@pytest.mark.parametrize("row", [accepted_row(sku="S-1"), done_row(sku="S-1")])
def test_a_new_name_of_the_product_is_kept_and_fetches_nothing(row: ImageRow) -> None:
    asked = make_request(product_name="Red shoe")
    decision = accept_changed(row, asked, requested_at=LATER, now=LATER, lease=LEASE)
    assert decision == Unchanged(replace(row, product_name="Red shoe"))
    repeated = accept_changed(decision.row, asked, requested_at=LATER, now=LATER, lease=LEASE)
    assert repeated.row is decision.row


@pytest.mark.parametrize(
    ("row", "url", "unchanged"),
    [
        (done_row(), SOURCE, True),
        (accepted_row(), SOURCE, True),
        (done_row(), "http://source.test/b.jpg", False),
        (replace(done_row(), state=ImageState.FAILED), SOURCE, False),
        (replace(done_row(), state=ImageState.DELETED, op=Op.DELETE), SOURCE, False),
        (unknown_row(), SOURCE, False),
    ],
)
def test_an_import_leaves_alone_what_already_wants_the_same(row: ImageRow, url: str, *, unchanged: bool) -> None:
    decision = accept_changed(row, make_request(source_url=url), requested_at=LATER, now=LATER, lease=LEASE)
    assert isinstance(decision, Unchanged) is unchanged


DELETING = replace(accepted_row(), op=Op.DELETE, source_url=None)
DELETED = replace(DELETING, state=ImageState.DELETED, shown=None)
FAILED = replace(done_row(), state=ImageState.FAILED)


@pytest.mark.parametrize(
    ("row", "request_", "unchanged"),
    [
        (accepted_row(), make_request(), True),
        (accepted_row(), make_request(op=Op.UPDATE), True),
        (accepted_row(product_id="p"), make_request(product_id="p"), True),
        (accepted_row(product_id="p"), make_request(), True),
        (accepted_row(), make_request(product_id="p"), False),
        (accepted_row(), make_request(source_url=OTHER), False),
        (accepted_row(), make_request(external_version=1), False),
        (accepted_row(), make_request(op=Op.DELETE), False),
        (DELETING, make_request(op=Op.DELETE), True),
        (DELETED, make_request(op=Op.DELETE), True),
        (DELETED, make_request(), False),
        (DELETING, make_request(), False),
        (FAILED, make_request(), False),
        (done_row(), make_request(), False),
        (unknown_row(), make_request(op=Op.DELETE), False),
    ],
)
def test_a_request_for_what_is_wanted_already_changes_nothing(row: ImageRow, request_: ImageRequest, *, unchanged: bool) -> None:
    decision = decide(row, request_)
    assert isinstance(decision, Unchanged) is unchanged
    if unchanged:
        assert decision.row == replace(row, requested_at=LATER), "a request that reached us in between is older than it"


def test_what_waits_for_its_retry_keeps_its_attempts_when_it_is_asked_for_again() -> None:
    row = accepted_row(attempt=2, schedule_reason=ScheduleReason.RETRY, error_code="source_timeout")
    decision = decide(row, make_request())
    assert (decision.row.version, decision.row.attempt, decision.row.scheduled_at) == (row.version, 2, row.scheduled_at)


@pytest.mark.parametrize(("ago", "at_once"), [(0, False), (1.9, False), (2, True), (60, True)])
def test_a_done_image_that_is_asked_for_again_is_fetched_two_seconds_after_it_was_done(ago: float, *, at_once: bool) -> None:
    done_at = LATER - timedelta(seconds=ago)
    decision = decide(replace(done_row(), updated_at=done_at), make_request())
    assert isinstance(decision, Accepted)
    assert decision.at_once is at_once
    assert decision.row.scheduled_at == (LATER + LEASE if at_once else done_at + FETCHED_AGAIN_AFTER)


@given(version=st.integers(0, 2**60), at=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - UTC without a zone
def test_a_version_rises_and_never_falls_behind_the_clock(version: int, at: datetime) -> None:
    given_version = next_version(version, at)
    assert given_version > version
    assert given_version >= int(at.replace(tzinfo=UTC).timestamp() * 1_000_000)
