"""What an event asks of its worker."""

from dataclasses import replace

import pytest

from faust_app.core.images.plan import Remove, Skip, SkipReason, Store, Unknown, plan
from faust_app.core.images.row import ImageRow, ImageState, event_of
from faust_app.core.messages.events import Op
from faust_app.core.sources.content import NO_VALIDATORS
from tests.factories import SOURCE, accepted_row, done_row


@pytest.mark.parametrize(
    ("version", "retry_count", "row", "expected"),
    [
        (10, 0, accepted_row(), Store),
        (10, 1, replace(accepted_row(), attempt=1), Store),
        (10, 0, replace(accepted_row(), op=Op.DELETE, source_url=None), Remove),
        (10, 0, None, Unknown),
        (11, 0, accepted_row(), Unknown),
        (11, 0, done_row(), Unknown),
        (10, 1, accepted_row(), Unknown),
        (9, 0, accepted_row(), SkipReason.SUPERSEDED),
        (9, 3, done_row(), SkipReason.SUPERSEDED),
        (10, 0, done_row(), SkipReason.FINISHED),
        (10, 0, replace(done_row(), state=ImageState.FAILED), SkipReason.FINISHED),
        (10, 0, replace(done_row(), state=ImageState.DELETED), SkipReason.FINISHED),
        (10, 0, replace(accepted_row(), attempt=1), SkipReason.OLD_COPY),
    ],
)
def test_version_comes_first_then_state_then_retry_count(
    version: int, retry_count: int, row: ImageRow | None, expected: type | SkipReason
) -> None:
    event = replace(event_of(accepted_row()), version=version, retry_count=retry_count)
    decided = plan(event, row)
    if isinstance(expected, SkipReason):
        assert decided == Skip(expected)
    else:
        assert isinstance(decided, expected)


def test_the_row_says_what_to_do_and_never_the_record() -> None:
    forged = replace(event_of(accepted_row()), op=Op.DELETE, source_url="http://evil.test/")
    decided = plan(forged, accepted_row())
    assert isinstance(decided, Store)
    assert decided.url == SOURCE


def test_a_fetch_is_conditional_only_where_what_is_shown_came_from_the_same_address() -> None:
    done = done_row()
    again = replace(done, version=11, state=ImageState.IN_PROGRESS)
    event = event_of(again)
    same, moved = plan(event, again), plan(event, replace(again, source_url="http://source.test/b.jpg"))
    assert isinstance(same, Store)
    assert isinstance(moved, Store)
    assert done.shown is not None
    assert same.validators == done.shown.validators
    assert moved.validators == NO_VALIDATORS
