"""Where one picture stands, as its shop is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.causes.suspicion import Blame
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import Op
from faust_app.core.reports.mend import Standing
from faust_app.core.reports.picture import Showing, picture_of
from faust_app.core.sources.health import SourceRecord
from tests.factories import LEASE, NOW, accepted_row, done_row

FAILED = replace(accepted_row(), state=ImageState.FAILED, error_code="empty", fingerprint="empty@source.test", scheduled_at=None)
OLDER = replace(FAILED, shown=done_row().shown, shown_version=9)
DELETED = replace(accepted_row(), state=ImageState.DELETED, op=Op.DELETE)


@pytest.mark.parametrize(
    ("row", "showing", "standing"),
    [
        (done_row(), Showing.NEWEST, None),
        (FAILED, Showing.NOTHING, Standing.ACT),
        (OLDER, Showing.OLDER, Standing.ACT),
        (accepted_row(), Showing.NOTHING, Standing.TRYING),
        (replace(done_row(), state=ImageState.IN_PROGRESS), Showing.OLDER, Standing.TRYING),
        (replace(FAILED, error_code="internal_error", fingerprint="internal_error@-"), Showing.NOTHING, Standing.OURS),
        (replace(FAILED, fingerprint=None), Showing.NOTHING, Standing.ACT),
        (DELETED, Showing.DELETED, None),
        (replace(DELETED, state=ImageState.IN_PROGRESS), Showing.DELETED, Standing.TRYING),
    ],
)
def test_a_picture_says_what_is_shown_and_who_has_to_act(row: ImageRow, showing: Showing, standing: Standing | None) -> None:
    found = picture_of(row, [], Blame(), None)
    assert (found.showing, found.standing, found.may_be_retried) == (showing, standing, standing is Standing.ACT)


def test_it_is_shown_since_its_bytes_were_stored() -> None:
    key = done_row().key
    entries = [
        HistoryEntry(key, NOW, 12, "failed"), HistoryEntry(key, NOW - timedelta(hours=1), 10, "not_modified"),
        HistoryEntry(key, NOW - timedelta(hours=2), 9, "stored"), HistoryEntry(key, NOW - timedelta(hours=3), 8, "stored"),
    ]  # fmt: skip
    assert picture_of(replace(OLDER, version=12, shown_version=10), entries, Blame(), None).shown_since == NOW - timedelta(hours=2)
    assert picture_of(OLDER, [], Blame(), None).shown_since is None
    assert picture_of(FAILED, entries, Blame(), None).shown_since is None


def test_the_next_try_is_the_later_of_the_images_time_and_its_hosts() -> None:
    waiting, source = accepted_row(), SourceRecord("source.test", 7, probe_at=NOW + timedelta(hours=1))
    assert picture_of(waiting, [], Blame(), None).next_at == NOW + LEASE
    assert picture_of(waiting, [], Blame(), source).next_at == source.probe_at
    assert picture_of(FAILED, [], Blame(), source).next_at is None
