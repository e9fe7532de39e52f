"""The arithmetic of the fairness benchmark, and its published inputs, on numbers that can be checked by hand."""

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fairness.column import Column, Times, column_of
from bench.fairness.hosts import Hosts
from bench.fairness.machine import Busy
from bench.fairness.measure import Image, Waits, jain, max_min, rate_of, shares_of, waits_of
from bench.fairness.numbers import CHECKED, numbers_of
from bench.fairness.picture import picture
from bench.fairness.published import SCENARIOS, FirstComeFirstServed, Item, RoundRobin, Scenario, measured, simulate, workload
from bench.fairness.scenarios import CASES, GIANT, QUIET, Burst
from bench.fairness.seedrandom import SeedRandom


def test_a_wait_counts_from_acceptance_or_from_the_end_of_the_rebalance() -> None:
    images = [Image(1, accepted, accepted + wait, 0.1) for accepted, wait in ((0, 8), (4, 5), (9, 3))]

    whole, since = waits_of(images, 20), waits_of(images, 20, since=6)

    assert whole is not None
    assert since is not None
    assert (whole.p50, whole.longest, since.p50, since.longest) == (5, 8, 3, 3)


def test_an_unfinished_image_has_waited_at_least_until_it_was_looked_for() -> None:
    waits = waits_of([Image(1, 0, None, 0.1), Image(1, 0, 2, 0.1)], until=30)

    assert waits is not None
    assert (waits.longest, waits.unfinished) == (30, 1)
    assert ">= 30.00" in str(waits)


@given(st.dictionaries(st.integers(1, 50), st.floats(0, 100), min_size=1), st.floats(0, 1000))
def test_max_min_gives_no_one_too_much_and_leaves_nothing_that_is_wanted(demands: dict[int, float], total: float) -> None:
    given_ = max_min(demands, total)

    assert all(given_[shop] <= demand + 1e-9 for shop, demand in demands.items())
    assert sum(given_.values()) == pytest.approx(min(total, sum(demands.values())))
    hungry = [given_[shop] for shop, demand in demands.items() if given_[shop] < demand - 1e-6]
    assert all(each >= max(given_.values()) - 1e-6 for each in hungry)


def test_equal_shares_have_no_error_and_index_one() -> None:
    images = [Image(shop, 0, (number + 1) / 2, 0.5) for shop in (1, 2) for number in range(20)]

    shares = shares_of(images, 0, 10)

    assert shares is not None
    assert (shares.error, shares.jain) == pytest.approx((0, 1))


def test_a_shop_that_gets_all_while_another_waits_has_index_one_half() -> None:
    taken = [Image(1, 0, (number + 1) / 2, 0.5) for number in range(20)]
    starved = [Image(2, 0, None, 0.5) for _ in range(20)]

    shares = shares_of([*taken, *starved], 0, 8)

    assert shares is not None
    assert (shares.error, shares.jain) == pytest.approx((0.5, 0.5))


def test_shops_that_never_have_work_at_once_have_no_shares() -> None:
    assert shares_of([Image(1, 0, 4, 0.5), Image(2, 6, 9, 0.5)], 0, 4) is None


def test_jains_index_is_one_for_equal_values_and_one_nth_for_a_single_winner() -> None:
    assert jain([3, 3, 3]) == pytest.approx(1)
    assert jain([5, 0, 0, 0, 0]) == pytest.approx(0.2)


def test_the_rate_leaves_out_the_first_and_the_last_tenth() -> None:
    assert rate_of(Image(1, 0, number / 80, 0.2) for number in range(100)) == pytest.approx(80)
    assert rate_of([Image(1, 0, 1, 0.2)]) is None


def test_a_column_tells_the_quiet_shops_alone_from_those_beside_the_burst() -> None:
    column = _column(quiet_wait=0.4)

    assert column.idle.count == 9
    assert column.quiet.p99 == pytest.approx(0.4)
    assert column.groups["giant"].longest == pytest.approx(20)
    assert column.groups["giant, deletes"].count == 1
    assert column.drain == pytest.approx(20)
    assert set(column.by_shop) == set(QUIET)


@pytest.mark.parametrize(("wait", "holds"), [(0.9, True), (1.1, False)])
def test_others_may_wait_a_second(wait: float, holds: bool) -> None:  # noqa: FBT001 - a column of the table
    on, off = _column(quiet_wait=wait), _column(quiet_wait=9)

    assert numbers_of("a", on, off)[0].holds is holds


def test_the_crowded_source_has_its_own_numbers() -> None:
    column = _column(quiet_wait=0.2)
    on = replace(column, rate=71, deferrals=2.5)

    found = {number.what: number.holds for number in numbers_of("h", on, column)}

    assert found["the giant's images a second"] is False
    assert found["deferrals an image"] is False


def test_every_case_is_built_scaled_and_each_shop_has_a_host_of_its_own() -> None:
    hosts = Hosts(8080)
    for letter, (_, build) in CASES.items():
        burst, scaled = build(hosts, 1), build(hosts, 0.25)
        assert 0 < scaled.requests + scaled.known <= (burst.requests + burst.known) / 2
        assert letter not in CHECKED or burst.groups
    shops = [*QUIET, GIANT, *range(1001, 1011), *range(2001, 2101), *range(10_001, 15_001)]
    assert len({hosts.host(shop) for shop in shops}) == len(shops)


def test_the_picture_is_well_formed_and_has_every_shop() -> None:
    drawn = ET.fromstring(picture(_column(quiet_wait=0.2), _column(quiet_wait=25)))  # noqa: S314 - our own text

    words = [element.text or "" for element in drawn.iter() if element.tag.endswith("text")]
    assert sum(word.startswith("quiet shop ") for word in words) == len(QUIET)
    assert "the giant" in words


def test_numbers_are_those_of_the_javascript_library() -> None:
    random = SeedRandom("hello.")

    assert [random(), random()] == [0.9282578795792454, 0.3752569768646784]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_published_baseline_is_reproduced_to_the_millisecond(scenario: Scenario) -> None:
    found, said = measured(scenario, FirstComeFirstServed), scenario.published["first come, first served"]

    assert (round(found.light), round(found.makespan)) == (said.light, said.makespan)


def test_items_of_a_shop_start_in_the_order_of_their_arrival() -> None:
    items = workload(SCENARIOS[0], "seed-a")

    assert all(one.arrives <= two.arrives for one, two in pairwise(items))
    assert simulate(items, RoundRobin(), "light-1").light < simulate(items, FirstComeFirstServed(), "light-1").light


def test_a_scheduler_that_keeps_items_for_ever_is_told_so() -> None:
    class Idle(RoundRobin):
        def next(self, now: int) -> Item | None:
            return None

    with pytest.raises(RuntimeError, match="never start"):
        simulate(workload(SCENARIOS[3], "seed-a"), Idle(), "heavy")


def _column(quiet_wait: float) -> Column:
    """Return a column of 40 s: the quiet shops alone for 10, then beside a giant whose images take 20 s in all."""
    quiet = [Image(shop, at, at + quiet_wait, 0.1) for at in range(40) for shop in [QUIET[at % len(QUIET)]]]
    giant = [Image(GIANT, 10, 10 + (number + 1) / 10, 0.1) for number in range(200)]
    deleted = Image(GIANT, 10, 12, 0.1, is_delete=True)
    burst = Burst({"giant": [GIANT]})
    return column_of([*quiet, *giant, deleted], burst, Times(0, 10, 10, 39, 60), is_drained=True)


def test_images_that_another_clock_dates_before_the_burst_belong_to_it() -> None:
    early = [Image(GIANT, 9.7, 12, 0.1), Image(GIANT, 3, 12, 0.1)]
    quiet = [Image(QUIET[0], at, at + 0.1, 0.1) for at in (1, 11)]

    assert column_of([*early, *quiet], Burst({"giant": [GIANT]}), Times(0, 10, 10, 12, 13), is_drained=True).images == 1


def test_cores_of_others_are_what_the_benchmark_did_not_use() -> None:
    assert Busy(at=20, everything=140, ours=60).cores_of_others(Busy(at=10, everything=120, ours=55)) == pytest.approx(1.5)


def test_waits_are_printed_as_median_p99_and_longest() -> None:
    assert str(Waits(3, 0.1, 0.25, 1, 0)) == "0.10 / 0.25 / 1.00"
