"""How many fetches a host serves well at once is found, kept, and found again when it changes."""

import heapq
import random
from collections.abc import Callable

import pytest

from faust_app.core.dispatch.host_limit import FIRST, LEAST, MOST_FOUND, PUSHED_BACK_SECONDS, HostLimit, parse_host_limits
from faust_app.core.images.row import source_host

_TICK = -1.0
Serve = Callable[[int, float], float]
"""Seconds of a fetch that begins while so many others are under way, at a time."""


def serves(at_once: int, seconds: float, beyond: float) -> Serve:
    return lambda others, _now: seconds if others < at_once else beyond


def fetched(limit: HostLimit, serve: Serve, *, until: float, wanted: int = 64) -> list[tuple[float, int]]:
    """Fetch as many at once as the limit allows, with `wanted` at hand; return when fetches ended, and the limit then."""
    later: list[tuple[float, float]] = [(0.0, _TICK)]
    under_way, ends = list[float](), list[tuple[float, int]]()
    while later:
        now, began = heapq.heappop(later)
        if now > until:
            break
        if began == _TICK:
            limit.judge(under_way, now)
            heapq.heappush(later, (now + 1.0, _TICK))
        else:
            under_way.remove(began)
            limit.fetched(began, now)
            limit.judge(under_way, now)
            ends.append((now, limit.allowed(now)))
        while len(under_way) < min(wanted, limit.allowed(now)):
            begins = now + 1e-9 * len(under_way)  # the times tell fetches apart
            heapq.heappush(later, (now + serve(len(under_way), now), begins))
            under_way.append(begins)
        if len(under_way) < wanted:
            limit.refused()
    return ends


@pytest.mark.parametrize(("at_once", "seconds"), [(10, 0.2), (16, 0.2), (24, 0.05), (20, 0.5)])
def test_a_host_that_breaks_down_beyond_a_number_is_kept_just_below_it(at_once: int, seconds: float) -> None:
    ends = fetched(HostLimit(), serves(at_once, seconds, 2.0), until=150.0)
    assert len(ends) >= 0.9 * 150.0 * at_once / seconds
    assert {limit for _, limit in ends[len(ends) // 2 :]} <= {at_once, at_once + 1}


def busily_fetched(limit: HostLimit, serve: Serve, *, until: float, lag: float, seed: int) -> int:
    """Fetch as many as the limit allows from a worker so busy that a fetch begins `lag` seconds after it may; return how many ended."""
    chance = random.Random(seed)
    later: list[tuple[float, str, float]] = [(0.0, "tick", 0.0)]
    under_way, allowed, ended = list[float](), 0, 0
    while later:
        now, what, began = heapq.heappop(later)
        if now > until:
            break
        if what == "begins":
            heapq.heappush(later, (now + serve(len(under_way), now), "ended", now))
            under_way.append(now)
            continue
        if what == "tick":
            heapq.heappush(later, (now + 1.0, "tick", 0.0))
        else:
            under_way.remove(began)
            limit.fetched(began, now)
            allowed, ended = allowed - 1, ended + 1
        limit.judge(under_way, now)
        while allowed < limit.allowed(now):
            allowed += 1
            heapq.heappush(later, (now + lag * chance.uniform(0.5, 1.5), "begins", 0.0))
        limit.refused()
    return ended


@pytest.mark.parametrize("seed", range(5))
def test_a_busy_worker_does_not_take_what_it_leaves_unused_for_what_the_host_serves(seed: int) -> None:
    ended = busily_fetched(HostLimit(), serves(16, 0.2, 2.0), until=60.0, lag=0.04, seed=seed)
    assert ended / 60.0 > 48.0, "of 67 a second that so busy a worker could have"


@pytest.mark.parametrize("seconds", [0.01, 0.1, 1.0])
def test_a_host_that_serves_all_is_asked_by_as_many_as_may_be(seconds: float) -> None:
    limit = HostLimit()
    fetched(limit, serves(1000, seconds, seconds), until=60.0)
    assert limit.limit == MOST_FOUND


def test_a_host_of_which_little_is_wanted_is_not_judged() -> None:
    limit = HostLimit()
    fetched(limit, serves(2, 0.2, 2.0), until=30.0, wanted=3)
    assert limit.limit == FIRST


def test_a_host_that_has_become_able_to_serve_more_is_found_out() -> None:
    limit = HostLimit()
    ends = fetched(limit, lambda others, now: 0.2 if others < (10 if now < 60 else 1000) else 2.0, until=600.0)
    assert {limit for at, limit in ends if 50 < at < 60} == {10}
    assert limit.limit >= 20


def test_a_host_that_serves_ever_slower_is_asked_by_few_and_never_by_none() -> None:
    limit = HostLimit()
    fetched(limit, lambda others, now: 0.1 if others < 30 - now / 10 else 3.0, until=300.0)
    assert LEAST <= limit.limit <= 8


@pytest.mark.parametrize("slow_for", [20.0, 60.0])
@pytest.mark.parametrize("slow", [1.0, 5.0])
def test_a_host_that_was_slow_for_a_while_is_asked_by_as_many_as_before_within_minutes(slow_for: float, slow: float) -> None:
    limit, began = HostLimit(), 30.0
    fetched(limit, lambda _, now: slow if began <= now < began + slow_for else 0.1, until=began + slow_for + 300.0)
    assert limit.limit >= 24


@pytest.mark.parametrize(("at_once", "beyond"), [(16, 10.0), (1000, 1.0)])
def test_a_host_that_has_become_slower_for_good_is_asked_by_as_many_as_it_serves_best(at_once: int, beyond: float) -> None:
    ends = fetched(HostLimit(), lambda others, now: 0.1 if now < 30 else 1.0 if others < at_once else beyond, until=1800.0)
    late = [limit for at, limit in ends if at >= 600]
    assert len(late) >= 0.85 * 1200 * min(at_once, MOST_FOUND) / 1.0
    assert sorted(late)[len(late) // 2] in range(min(at_once, MOST_FOUND) - 1, min(at_once, MOST_FOUND) + 2)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5])
def test_a_host_that_breaks_down_beyond_16_is_kept_there_for_hours(seconds: float) -> None:
    ends = fetched(HostLimit(), serves(16, seconds, 2.0), until=3600.0)
    assert len(ends) >= 0.9 * 3600.0 * 16 / seconds
    limits = sorted(limit for _, limit in ends)
    assert limits[len(limits) // 20] >= 15
    assert limits[-len(limits) // 20] <= 17


def test_a_host_that_asks_for_less_is_asked_by_half_for_a_minute() -> None:
    limit = HostLimit(limit=20)
    limit.pushed_back(100.0)
    assert limit.allowed(100.0 + PUSHED_BACK_SECONDS - 1) == 10
    assert limit.allowed(100.0 + PUSHED_BACK_SECONDS) == 20


def test_the_limits_of_own_hosts_are_read() -> None:
    assert parse_host_limits(" Images.example.com=256, 10.0.0.7:8080=64,") == {"images.example.com": 256, "10.0.0.7:8080": 64}


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("a.test:80", "http://a.test/x"),
        ("a.test:443", "https://a.test/x"),
        ("a.test.", "https://A.test./x"),
        ("a.test:08080", "http://a.test:8080/x"),
        ("b\u00fccher.example", "https://B\u00dcCHER.example/x"),
        ("[2001:DB8:0::1]:443", "https://[2001:db8::1]/x"),
        ("[::1]:8080", "http://[0:0::1]:8080/x"),
    ],
)
def test_a_limit_is_that_of_the_host_that_addresses_name(written: str, url: str) -> None:
    assert parse_host_limits(f"{written}=64") == {source_host(url): 64}


@pytest.mark.parametrize("text", ["a.test=1,A.test=2", "a.test=1,a.test:443=1", "a.test:80=1,a.test:443=1", "a.test=1,a.test.=1"])
def test_a_host_that_is_named_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"names a\.test twice"):
        parse_host_limits(text)


@pytest.mark.parametrize(
    "text",
    [
        "a:65536=5",
        "a:0=5",
        "10.0.0.300=5",
        "a..b=5",
        "u@a=5",
        "a/b=5",
        "[::1=5",
        f"a={'9' * 5000}",
        "a",
        "a=",
        "a=0",
        "a=1001",
        "a=-1",
        "a=x",
        "=5",
        "a b=5",
        "http://a=5",
        "a=1.5",
        "a=\u0661",
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"images\.example\.com=256"):
        parse_host_limits(text)
