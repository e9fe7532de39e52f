"""The life of a cause, and the letter to a shop."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.causes.cause import Cause, CauseStatus, Mark, letter_to_shop, status_of
from tests.factories import NOW

HOUR = timedelta(hours=1)
CAUSE = Cause("empty@shop.test", 5, 2, NOW - 3 * HOUR, NOW - HOUR, "r1")
RESOLVED = Mark(resolved_at=NOW - 2 * HOUR, resolved_in="r2", resolved_from="r1")


@pytest.mark.parametrize(
    ("mark", "judged_by", "status"),
    [
        (Mark(), "r1", CauseStatus.OPEN),
        (Mark(note="known"), "r1", CauseStatus.OPEN),
        (Mark(ignored_until=NOW + HOUR), "r1", CauseStatus.IGNORED),
        (Mark(ignored_until=NOW), "r1", CauseStatus.OPEN),
        (replace(RESOLVED, resolved_at=NOW), "r1", CauseStatus.RESOLVED),
        (replace(RESOLVED, resolved_at=NOW, ignored_until=NOW + HOUR), "r1", CauseStatus.IGNORED),
        (RESOLVED, "r1", CauseStatus.RESOLVED),  # the old release still runs
        (RESOLVED, "r2", CauseStatus.CAME_BACK),
        (RESOLVED, "r3", CauseStatus.CAME_BACK),
        (RESOLVED, None, CauseStatus.CAME_BACK),
        (replace(RESOLVED, resolved_in=None), "r1", CauseStatus.CAME_BACK),
        (replace(RESOLVED, resolved_in="r1"), "r1", CauseStatus.CAME_BACK),
    ],
)
def test_a_cause_is_open_resolved_ignored_or_came_back(mark: Mark, judged_by: str | None, status: CauseStatus) -> None:
    assert status_of(replace(CAUSE, mark=mark, judged_by=judged_by), NOW) is status


def test_a_cause_names_its_code_and_its_host() -> None:
    assert (CAUSE.code, CAUSE.host) == ("empty", "shop.test")
    assert replace(CAUSE, fingerprint="internal_error@-").host is None
    assert replace(CAUSE, fingerprint="empty@[::1]:8080").host == "[::1]:8080"


def test_the_letter_to_a_shop_says_what_how_many_and_what_to_do() -> None:
    assert letter_to_shop(CAUSE, 1200) == (
        "1,200 of your product images could not be fetched from shop.test (empty).\n"
        "The source answers with an empty file. Upload the image again.\n"
        "Please correct them and send them again."
    )
    assert letter_to_shop(replace(CAUSE, fingerprint="of_a_later_release@-"), 1).startswith(
        "One of your product images could not be fetched ("
    )
