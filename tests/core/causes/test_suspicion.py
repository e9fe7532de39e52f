"""When a release is suspected of what fails: counts by code and host before and after it, with time as an argument."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.causes.suspicion import (
    CODES,
    GONE,
    HOSTS,
    IMAGES,
    NEW_FOR,
    OUTCOMES_BEFORE,
    OUTCOMES_SINCE,
    PLATFORM_LOOKS,
    RISE,
    Blame,
    Comparison,
    Outcomes,
    Release,
    Rise,
    Suspicion,
    Verdict,
    advice_to_shop,
    found,
    newest,
    over,
    rises,
)
from faust_app.core.failure_codes import FailureCode
from tests.factories import NOW

CODE = FailureCode.TRUNCATED.value
MINUTE = timedelta(minutes=1)
OLD = Release("1.0", NOW - timedelta(days=9), NOW, 100_000)
NEW = Release("1.1", NOW - 5 * MINUTE, NOW, 1000)
SUSPICION = Suspicion(CODE, "1.1", NEW.first_at, NOW, Rise(CODE, 0.001, 0.1, 30, 100))


def hosts(count: int, each: int = 10, **others: int) -> dict[str, int]:
    return {f"h{n}": each for n in range(count)} | others


def outcomes(total: int, failed: dict[str, int] | None = None) -> Outcomes:
    return Outcomes(total, {CODE: failed} if failed else {})


BEFORE = outcomes(100_000, hosts(100, 1))
"""One image in a thousand was truncated before."""


@pytest.mark.parametrize(
    ("before", "recent", "suspected", "why"),
    [
        (BEFORE, outcomes(3000, hosts(30, 10)), True, "every tenth image, over 30 hosts"),
        (BEFORE, outcomes(3000), False, "nothing fails"),
        (BEFORE, outcomes(100_000, hosts(100, 1)), False, "as before"),
        (BEFORE, outcomes(10_000, hosts(100, 1)), True, "ten times as often, though each host has one"),
        (BEFORE, outcomes(30_000, hosts(100, 1)), False, "three times as often"),
        (BEFORE, outcomes(3000, hosts(HOSTS - 1, 16)), False, "too few hosts"),
        (BEFORE, outcomes(3000, hosts(HOSTS, 16)), True, "just enough hosts"),
        (BEFORE, outcomes(200, hosts(HOSTS, 2)), False, "too few images but for the hosts that fail most"),
        (BEFORE, outcomes(200, hosts(HOSTS + 3, 2)), True, "two images of each of twenty hosts"),
        (BEFORE, outcomes(180_000, hosts(60, 1, dead=120_000)), False, "one host has 120,000 dead links"),
        (BEFORE, outcomes(180_000, hosts(60, 1, dead=40_000, a=40_000, b=40_000)), False, "three hosts have"),
        (outcomes(100_000, hosts(100, 1, dead=50_000)), outcomes(3000, hosts(30, 10)), True, "a dead host before does not hide the rise"),
        (outcomes(OUTCOMES_BEFORE - 1), outcomes(3000, hosts(30, 10)), False, "too little is known of the time before"),
        (outcomes(OUTCOMES_BEFORE), outcomes(3000, hosts(30, 10)), True, "it never failed so before"),
        (outcomes(OUTCOMES_BEFORE), outcomes(300_000, hosts(30, 10)), False, "no more often than one in a thousand"),
        (Outcomes(), outcomes(3000, hosts(30, 10)), False, "the first release"),
        (BEFORE, Outcomes(), False, "no outcome yet"),
    ],
)
def test_a_code_is_suspected_when_its_share_rises_five_times_over_twenty_hosts(
    before: Outcomes, recent: Outcomes, *, suspected: bool, why: str
) -> None:
    assert [rise.code for rise in rises(before, recent)] == ([CODE] if suspected else []), why


def test_a_rise_says_how_much_and_over_how_many_hosts_and_images() -> None:
    (rise,) = rises(BEFORE, outcomes(3000, hosts(30, 10)))
    assert (rise.hosts, rise.images) == (30, 300)
    assert rise.before == pytest.approx(97 / 100_000)
    assert rise.since == pytest.approx(270 / 2970)


@given(
    st.lists(st.integers(1, 40), max_size=HOSTS * 2), st.integers(OUTCOMES_BEFORE, 10**6), st.integers(0, 10**5), st.integers(0, 200_000)
)
def test_whatever_one_host_fails_more_suspects_nobody(each: list[int], before: int, failed_before: int, more: int) -> None:
    """A host beyond the twenty that fails any number of images changes nothing, except by making way for another one."""
    old = outcomes(before + failed_before, {f"o{n}": failed_before // 10 for n in range(10)})
    few = {f"h{n}": count for n, count in enumerate(each)}
    if len(few) >= HOSTS and not rises(old, outcomes(10_000 + sum(each), few)):
        most = max(few, key=lambda host: few[host])
        grown = few | {most: few[most] + more}
        assert not rises(old, outcomes(10_000 + sum(grown.values()), grown))


@given(st.integers(1, 60), st.integers(1, 50), st.integers(1000, 10**6))
def test_what_is_suspected_is_never_below_its_limits(count: int, each: int, total: int) -> None:
    for rise in rises(BEFORE, outcomes(total, hosts(count, each))):
        assert rise.hosts >= HOSTS
        assert rise.images >= IMAGES
        assert rise.since >= RISE * rise.before


def test_only_codes_by_which_shops_are_blamed_are_suspected() -> None:
    assert FailureCode.INTERNAL_ERROR.value not in CODES
    assert FailureCode.NOT_AN_IMAGE.value in CODES
    assert not rises(BEFORE, Outcomes(3000, {"internal_error": hosts(30, 10)}))


@pytest.mark.parametrize(
    ("releases", "name"),
    [
        ([OLD, NEW], "1.1"),
        ([NEW], None),
        ([], None),
        ([OLD, replace(NEW, first_at=NOW - NEW_FOR)], None),
        ([OLD, replace(NEW, last_at=NOW - GONE)], None),
        ([replace(NEW, name="1.2", first_at=NOW - MINUTE), NEW, OLD], "1.2"),
    ],
)
def test_a_release_is_new_for_a_day_while_it_works_and_another_was_there(releases: list[Release], name: str | None) -> None:
    release = newest(releases, NOW)
    assert (None if release is None else release.name) == name


BAD = Comparison(NEW, BEFORE, outcomes(3000, hosts(30, 10)))


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        ([], [CODE]),
        ([SUSPICION], []),
        ([replace(SUSPICION, ended_at=NOW)], [CODE]),
        ([replace(SUSPICION, verdict=Verdict.SHOPS)], []),
        ([replace(SUSPICION, verdict=Verdict.SHOPS, ended_at=NOW)], []),
        ([replace(SUSPICION, verdict=Verdict.OURS)], []),
        ([replace(SUSPICION, release="1.0")], [CODE]),
    ],
)
def test_a_code_of_a_release_is_suspected_once_and_never_again_once_decided(known: list[Suspicion], codes: list[str]) -> None:
    fresh = found(BAD, known, NOW)
    assert [each.code for each in fresh] == codes
    assert all((each.release, each.since) == ("1.1", NEW.first_at) for each in fresh)


GOOD = Comparison(NEW, BEFORE, outcomes(OUTCOMES_SINCE))


@pytest.mark.parametrize(
    ("releases", "comparison", "ended"),
    [
        ([OLD, NEW], BAD, False),
        ([OLD, NEW], GOOD, True),
        ([OLD, NEW], replace(GOOD, recent=outcomes(OUTCOMES_SINCE - 1)), False),
        ([OLD, NEW], None, False),
        ([OLD, replace(NEW, last_at=NOW - GONE)], None, True),
        ([replace(OLD, last_at=NOW - GONE), replace(NEW, last_at=NOW - GONE)], None, False),
        ([OLD], None, True),
        ([], None, False),
    ],
)
def test_a_suspicion_ends_when_its_release_is_gone_or_the_share_fell(
    releases: list[Release], comparison: Comparison | None, *, ended: bool
) -> None:
    assert over([SUSPICION], releases, comparison, NOW) == ([SUSPICION] if ended else [])
    assert over([replace(SUSPICION, ended_at=NOW)], releases, comparison, NOW) == []


@pytest.mark.parametrize(
    ("suspicion", "release", "ours"),
    [
        (SUSPICION, "1.1", True),
        (SUSPICION, "1.0", False),
        (SUSPICION, None, False),
        (replace(SUSPICION, verdict=Verdict.OURS, ended_at=NOW), "1.1", True),
        (replace(SUSPICION, ended_at=NOW), "1.1", True),
        (replace(SUSPICION, verdict=Verdict.SHOPS), "1.1", False),
    ],
)
def test_no_shop_is_blamed_for_what_a_suspected_release_failed(suspicion: Suspicion, release: str | None, *, ours: bool) -> None:
    blame = Blame(suspicions=(suspicion,))
    assert blame.is_ours("truncated@any.test", release) is ours
    assert not blame.is_ours("empty@any.test", release)
    assert not blame.is_ours(None, release)
    told = advice_to_shop("truncated", is_ours=blame.is_ours("truncated@any.test", release))
    assert told == (PLATFORM_LOOKS if ours else FailureCode.TRUNCATED.sentence)


def test_a_cause_that_people_marked_as_ours_is_ours_whatever_release() -> None:
    blame = Blame(frozenset({"empty@a.test"}))
    assert (blame.is_ours("empty@a.test", None), blame.is_ours("empty@b.test", None)) == (True, False)
    assert (blame.is_ours_now("empty@a.test"), blame.is_ours_now("empty@b.test")) == (True, False)


@pytest.mark.parametrize(("code", "told"), [(None, None), ("made_tomorrow", None), ("empty", FailureCode.EMPTY.sentence)])
def test_a_shop_is_told_nothing_of_a_failure_that_nobody_here_knows(code: str | None, told: str | None) -> None:
    assert advice_to_shop(code, is_ours=False) == told
