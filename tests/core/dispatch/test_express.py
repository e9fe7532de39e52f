"""Which changes are express: a shop's few, not what it drops at once, and not what many shops drop together."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faust_app.core.dispatch import express as module
from faust_app.core.dispatch.express import ALL_DELETES, ALL_SHOPS, NEWCOMER_SECONDS, SMALLEST_FACTOR, Allowance, Express
from faust_app.core.operators.rate_limit import Rate

ALLOWANCE = Allowance(Rate(1.0, 20.0), Rate(50.0, 50.0))
GIANT = 7
CROWD = 10_000
"""Numbers from here on are those of a crowd of shops."""
BEHIND = {"seconds": 6.0, "records": 1000}


def admitted(express: Express, shop_no: int, now: float, times: int, *, delete: bool = False) -> int:
    return sum(express.admit(shop_no, now, delete=delete) for _ in range(times))


def crowded(express: Express, now: float) -> None:
    """Use up what all shops have together, by newcomers."""
    for shop in range(int(ALL_SHOPS.burst)):
        assert express.admit(CROWD + shop, now)


@pytest.mark.parametrize(
    ("quiet_seconds", "delete", "expected"),
    [(0.0, False, 20), (1.0, False, 1), (7.5, False, 7), (1000.0, False, 20), (0.0, True, 50), (0.5, True, 25), (1000.0, True, 50)],
)
def test_a_burst_is_express_and_time_gives_it_back(quiet_seconds: float, *, delete: bool, expected: int) -> None:
    express = Express(ALLOWANCE)
    if quiet_seconds:
        admitted(express, GIANT, 0.0, 200, delete=delete)
    assert admitted(express, GIANT, quiet_seconds, 200, delete=delete) == expected


def test_deletes_have_a_bucket_of_their_own() -> None:
    express = Express(ALLOWANCE)
    assert admitted(express, GIANT, 0.0, 200) == 20
    assert admitted(express, GIANT, 0.0, 200, delete=True) == 50
    assert admitted(express, 8, 0.0, 3) == 3


@given(
    changes=st.lists(
        st.tuples(st.floats(0, 3), st.integers(1, 4), st.booleans(), st.sampled_from([None, None, 0.0, 9.0])), min_size=1, max_size=300
    )
)
def test_no_shop_sends_more_by_express_than_its_burst_and_its_rate(changes: list[tuple[float, int, bool, float | None]]) -> None:
    express, now = Express(ALLOWANCE), 0.0
    sent: dict[tuple[int, bool], int] = {}
    for gap, shop_no, delete, lag in changes:
        now += gap
        if lag is not None:
            express.note_lag(lag, 1000)
        sent[shop_no, delete] = sent.get((shop_no, delete), 0) + express.admit(shop_no, now, delete=delete)
    for (_, delete), count in sent.items():
        rate = ALLOWANCE.deletes if delete else ALLOWANCE.images
        assert count <= rate.burst + rate.per_second * now + 1e-6


@given(arrivals=st.lists(st.tuples(st.floats(0, 0.02), st.integers(0, 400), st.booleans()), min_size=1, max_size=800))
def test_newcomers_together_send_no_more_by_express_than_all_shops_may(arrivals: list[tuple[float, int, bool]]) -> None:
    express, now = Express(ALLOWANCE), 0.0
    sent = {False: 0, True: 0}
    for gap, shop, delete in arrivals:
        now += gap
        sent[delete] += express.admit(CROWD + shop, now, delete=delete)
    assert now < NEWCOMER_SECONDS
    assert sent[False] <= ALL_SHOPS.burst + ALL_SHOPS.per_second * now + 1e-6
    assert sent[True] <= ALL_DELETES.burst + ALL_DELETES.per_second * now + 1e-6


@settings(max_examples=20, deadline=None)
@given(data=st.data(), seconds=st.floats(0.5, 15.0), each=st.integers(2, 3))
def test_known_quiet_shops_stay_express_while_a_crowd_arrives(data: st.DataObject, seconds: float, each: int) -> None:
    express, shops, crowd = Express(ALLOWANCE), 20, 5000
    for shop in range(shops):
        assert express.admit(shop, shop / 10)
    begun = shops / 10 + NEWCOMER_SECONDS
    quiet = data.draw(st.lists(st.tuples(st.floats(0, 1), st.integers(0, shops - 1)), max_size=int(5 * seconds)))
    gap, by_crowd = seconds / (crowd * each), 0
    events = [(begun + at * seconds, shop) for at, shop in quiet]
    events += [(begun + n * gap, CROWD + n % crowd) for n in range(crowd * each)]
    sent_by: dict[int, int] = {}
    for at, shop in sorted(events):
        is_express = express.admit(shop, at)
        if shop >= CROWD:
            by_crowd += is_express
        else:
            sent_by[shop] = sent_by.get(shop, 0) + 1
            assert is_express or sent_by[shop] > ALLOWANCE.images.burst
    assert by_crowd <= ALL_SHOPS.burst + ALL_SHOPS.per_second * seconds + 1e-6


def test_a_shop_first_seen_in_a_crowd_starts_with_nothing_and_saves_like_any_other() -> None:
    express = Express(ALLOWANCE)
    crowded(express, 0.0)
    assert not express.admit(GIANT, 0.0)
    assert admitted(express, GIANT, 3.0, 20) == 3
    assert admitted(express, GIANT, 3.0 + NEWCOMER_SECONDS, 30) == 20


def test_who_is_known_needs_nothing_of_what_all_have_together() -> None:
    express = Express(ALLOWANCE)
    express.admit(GIANT, 0.0)
    crowded(express, NEWCOMER_SECONDS)
    assert admitted(express, GIANT, NEWCOMER_SECONDS, 30) == 20
    assert not express.admit(CROWD - 1, NEWCOMER_SECONDS), "and leaves no debt to newcomers"
    assert not express.admit(CROWD - 2, NEWCOMER_SECONDS + 0.5 / ALL_SHOPS.per_second)
    assert express.admit(CROWD - 3, NEWCOMER_SECONDS + 1.1 / ALL_SHOPS.per_second)


def test_express_shrinks_with_each_sample_it_lags_in_and_recovers_by_itself() -> None:
    express = Express(ALLOWANCE)
    seen = []
    for _ in range(6):
        express.note_lag(**BEHIND)  # type: ignore[arg-type]
        seen.append(express.factor)
    assert seen == [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16]
    assert admitted(express, GIANT, 0.0, 30) == 1
    assert admitted(express, GIANT, 30.0, 30) == 1
    for _ in range(5):
        express.note_lag(5.0, 1000)
        seen.append(express.factor)
    assert seen[6:] == [1 / 8, 1 / 4, 1 / 2, 1.0, 1.0]
    assert admitted(express, GIANT, 100.0, 30) == 20


@pytest.mark.parametrize(
    ("seconds", "records", "factor"), [(5.0, 1000, 1.0), (5.1, 1000, 0.5), (600.0, 120, 1.0), (600.0, 121, 0.5), (0.0, 0, 1.0)]
)
def test_only_a_crowd_that_waits_is_lag(seconds: float, records: int, factor: float) -> None:
    express = Express(ALLOWANCE)
    express.note_lag(seconds, records)
    assert express.factor == factor


@given(st.lists(st.floats(0, 20), max_size=100))
def test_the_factor_stays_in_its_bounds_and_recovers_after_any_history(lags: list[float]) -> None:
    express = Express(ALLOWANCE)
    for seconds in lags:
        express.note_lag(seconds, 1000)
        assert SMALLEST_FACTOR <= express.factor <= 1
    for _ in range(4):
        express.note_lag(0.0, 0)
    assert express.factor == 1


def test_the_shops_seen_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SHOPS", 3)
    express = Express(replace(ALLOWANCE, images=Rate(0.01, 1.0)))
    assert [express.admit(shop, 0.0) for shop in (1, 2, 3, 1, 4)] == [True, True, True, False, True]
    assert express.known == 3
    assert [express.admit(shop, 0.0) for shop in (1, 2)] == [False, True]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    express = Express(ALLOWANCE)
    assert admitted(express, GIANT, 100.0, 30) == 20
    assert admitted(express, GIANT, 50.0, 30) == 0


def test_a_crowd_that_comes_for_longer_than_newcomers_are_new_fills_express_no_more_than_all_shops_may() -> None:
    """Five thousand shops, an image each every eight seconds for a minute: none is known while they are too many."""
    express = Express(ALLOWANCE)
    sent = sum(express.admit(CROWD + shop, 8.0 * turn + shop / 700) for turn in range(8) for shop in range(5000))
    assert sent <= ALL_SHOPS.burst + ALL_SHOPS.per_second * 64.0
