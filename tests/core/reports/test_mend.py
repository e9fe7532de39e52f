"""What a shop is told to do, of which images first, and what it is never blamed for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.causes.suspicion import PLATFORM_LOOKS, Blame, Rise, Suspicion
from faust_app.core.failure_codes import FailureCode, Severity
from faust_app.core.images.row import ImageState
from faust_app.core.reports.mend import MendGroup, ShopCounts, Standing, Standings, Tally, advice, grouped, standings, tally_of
from tests.factories import NOW

NOBODY = Blame()
LATER = NOW + timedelta(minutes=5)


def failed(cause: str, images: int = 1, *, shown: bool = False, release: str = "r1") -> Tally:
    return tally_of(f"failed{'-shown' if shown else ''}\t{cause}\t{release}", images, None)


def trying(cause: str, images: int = 1, at: object = LATER) -> Tally:
    return tally_of(f"trying\t{cause}", images, at)  # type: ignore[arg-type]


def named(groups: list[MendGroup]) -> list[tuple[str, str | None, str | None, int]]:
    return [(each.standing.value, each.code, each.host, each.images) for each in groups]


def test_one_reason_at_one_host_is_one_group_whatever_release_met_it() -> None:
    (group,) = grouped([failed("empty@a", 2), failed("empty@a", 3, release="r2"), failed("empty@a", 4, shown=True)], NOBODY)
    assert (group.images, group.without_picture, group.code, group.host, len(group.mends)) == (9, 5, "empty", "a", 3)


def test_what_has_no_picture_comes_first_then_the_larger_group_then_what_we_try() -> None:
    tallies = [
        trying("source_timeout@t", 900), failed("empty@older", 500, shown=True), failed("empty@b", 5), failed("too_large@a", 70),
        failed("internal_error@-", 800),
    ]  # fmt: skip
    assert named(grouped(tallies, NOBODY)) == [
        ("act", "too_large", "a", 70), ("act", "empty", "b", 5), ("act", "empty", "older", 500), ("trying", "source_timeout", "t", 900),
        ("ours", "internal_error", None, 800),
    ]  # fmt: skip


def test_a_group_is_tried_next_at_the_first_of_its_times() -> None:
    (group,) = grouped(
        [trying("source_timeout@a", at=LATER), trying("source_timeout@a", at=NOW), trying("source_timeout@a", at=None)], NOBODY
    )
    assert (group.standing, group.next_at, group.images) == (Standing.TRYING, NOW, 3)


def suspicion(code: str, release: str) -> Suspicion:
    return Suspicion(code, release, NOW, NOW, Rise(code, 0.01, 0.5, 30, 900))


@pytest.mark.parametrize(
    ("tally", "blame", "standing"),
    [
        (failed("empty@a"), NOBODY, Standing.ACT),
        (failed("empty@a"), Blame(causes=frozenset({"empty@a"})), Standing.OURS),
        (failed("empty@a"), Blame(suspicions=(suspicion("empty", "r1"),)), Standing.OURS),
        (failed("empty@a", release="r2"), Blame(suspicions=(suspicion("empty", "r1"),)), Standing.ACT),
        (failed("code_of_another_release@a"), NOBODY, Standing.OURS),
        (failed(""), NOBODY, Standing.OURS),
        (trying("empty@a"), Blame(causes=frozenset({"empty@a"})), Standing.TRYING),
        *((failed(f"{code.value}@-"), NOBODY, Standing.OURS) for code in FailureCode if code.severity is Severity.PLATFORM),
        *((failed(f"{code.value}@a"), NOBODY, Standing.ACT) for code in FailureCode if code.severity is Severity.SHOP),
    ],
)  # fmt: skip
def test_what_is_ours_or_suspected_to_be_is_never_the_shops_to_mend(tally: Tally, blame: Blame, standing: Standing) -> None:
    (group,) = grouped([tally], blame)
    assert group.standing is standing
    if standing is Standing.OURS:
        assert advice(group) == PLATFORM_LOOKS
        assert not group.may_be_retried


def test_a_group_that_the_shop_mends_has_the_sentence_of_its_code() -> None:
    (group,) = grouped([failed("source_forbidden@a")], NOBODY)
    assert advice(group) == FailureCode.SOURCE_FORBIDDEN.sentence
    assert group.may_be_retried


@pytest.mark.parametrize(("cause", "says"), [("source_timeout@a", "try again by ourselves"), ("@a", "give it time")])
def test_what_is_tried_again_asks_nothing_of_the_shop(cause: str, says: str) -> None:
    (group,) = grouped([trying(cause)], NOBODY)
    assert says in advice(group)
    assert not group.may_be_retried


def test_the_first_line_counts_what_is_shown_and_what_is_older() -> None:
    counts = ShopCounts({ImageState.DONE: 90, ImageState.FAILED: 8, ImageState.IN_PROGRESS: 7, ImageState.DELETED: 1000}, 4)
    tallies = [failed("empty@a", 3, shown=True), failed("empty@a", 5), trying("source_timeout@a", 2)]
    assert standings(counts, tallies, 2) == Standings(wanted=105, shown=97, older=3, in_progress=7, pictureless=2)
    assert standings(replace(counts, at_least=True), tallies, 2).at_least


def test_a_shop_without_images_has_nothing_to_mend() -> None:
    assert grouped([], NOBODY) == []
    assert standings(ShopCounts({}, 0), [], 0) == Standings(0, 0, 0, 0, 0)
