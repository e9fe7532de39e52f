"""What the controls of a shop come to, which values they take, and how they are told."""

from datetime import datetime, timedelta
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.dispatch.shop_controls import (
    SCALES,
    UNLIMITED,
    ControlKind,
    ShopControl,
    ShopLimits,
    limits_at,
    shop_control_json,
    shop_of_target,
    target_of,
    value_fault,
)

NOW = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - UTC, as everywhere
HOUR = timedelta(hours=1)


def control(kind: ControlKind, value: float | None = None, *, shop_no: int = 7, until: datetime | None = None) -> ShopControl:
    return ShopControl(shop_no, kind, value, "why", "ada", NOW - HOUR, until)


ALL = [control(ControlKind.PAUSE), control(ControlKind.WEIGHT, 2.5), control(ControlKind.SLOTS, 3.0), control(ControlKind.RATE, 600.0)]

any_control = st.one_of(
    st.builds(control, st.just(ControlKind.PAUSE), st.none(), shop_no=st.integers(1, 3), until=st.sampled_from([None, NOW, NOW + HOUR])),
    st.builds(
        control,
        st.sampled_from([ControlKind.WEIGHT, ControlKind.SLOTS, ControlKind.RATE]),
        st.floats() | st.integers(0, 200_000),
        shop_no=st.integers(1, 3),
        until=st.sampled_from([None, NOW - HOUR, NOW + HOUR]),
    ),
)


def test_each_kind_sets_its_own_limit_and_the_rate_is_shared_by_the_workers() -> None:
    assert limits_at(ALL, NOW, 4) == {7: ShopLimits(paused=True, weight=2.5, slots=3, per_second=2.5)}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (ALL[0], ShopLimits(paused=True)),
        (ALL[1], ShopLimits(weight=2.5)),
        (ALL[2], ShopLimits(slots=3)),
        (ALL[3], ShopLimits(per_second=10)),
    ],
)
def test_what_no_control_sets_is_not_limited(one: ShopControl, expected: ShopLimits) -> None:
    assert limits_at([one], NOW, 1) == {7: expected}
    assert ShopLimits(paused=False, weight=1, slots=None, per_second=None) == UNLIMITED


@pytest.mark.parametrize("workers", [-1, 0, 1])
def test_the_only_worker_has_the_whole_rate_also_before_its_first_heartbeat(workers: int) -> None:
    assert limits_at([ALL[3]], NOW, workers)[7].per_second == 10


@pytest.mark.parametrize(("until", "holds"), [(None, True), (NOW + HOUR, True), (NOW, False), (NOW - HOUR, False)])
def test_a_control_is_over_at_its_end(until: datetime | None, holds: bool) -> None:  # noqa: FBT001 - a column
    assert limits_at([control(ControlKind.PAUSE, until=until)], NOW, 1) == ({7: ShopLimits(paused=True)} if holds else {})


@given(st.lists(any_control), st.integers(-1, 100))
def test_whatever_is_set_the_limits_can_be_served(controls: list[ShopControl], workers: int) -> None:
    limits = limits_at(controls, NOW, workers)
    assert limits.keys() <= {each.shop_no for each in controls}
    for each in limits.values():
        assert 0.1 <= each.weight <= 10
        assert each.slots is None or 1 <= each.slots <= 1_000
        assert each.per_second is None or 0 < each.per_second <= 100_000 / 60


@given(st.lists(any_control, unique_by=lambda each: (each.shop_no, each.kind)), st.randoms())
def test_the_order_of_controls_means_nothing(controls: list[ShopControl], random: object) -> None:
    shuffled = list(controls)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert limits_at(shuffled, NOW, 2) == limits_at(controls, NOW, 2)


@pytest.mark.parametrize(
    ("kind", "value", "fault"),
    [
        (ControlKind.PAUSE, None, None),
        (ControlKind.PAUSE, 1, "is not taken by a pause"),
        (ControlKind.WEIGHT, 0.1, None),
        (ControlKind.WEIGHT, 10, None),
        *((ControlKind.WEIGHT, bad, "must be a number from 0.1 to 10") for bad in (None, 0, 0.09, 10.1, -1, nan, inf, -inf)),
        (ControlKind.SLOTS, 1, None),
        (ControlKind.SLOTS, 1000, None),
        *((ControlKind.SLOTS, bad, "must be a whole number from 1 to 1,000") for bad in (None, 0, 0.5, 1.5, 1001, nan, inf)),
        (ControlKind.RATE, 100_000, None),
        *((ControlKind.RATE, bad, "must be a whole number from 1 to 100,000") for bad in (None, 0, 2.5, 100_001, nan, inf)),
    ],
)
def test_a_value_that_makes_no_sense_is_named(kind: ControlKind, value: float | None, fault: str | None) -> None:
    assert value_fault(kind, value) == fault


def test_each_control_is_told_in_a_sentence() -> None:
    assert [each.sentence for each in [*ALL, control(ControlKind.RATE, 100_000, until=NOW)]] == [
        "the shop 7 is paused, set by ada: why",
        "the shop 7 has weight 2.5, set by ada: why",
        "the shop 7 has at most 3 slots in each worker, set by ada: why",
        "the shop 7 starts at most 600 images a minute, set by ada: why",
        "the shop 7 starts at most 100,000 images a minute, set by ada until 2026-03-01 12:00 UTC: why",
    ]


def test_a_control_as_json_has_whole_numbers_where_its_kind_has() -> None:
    assert [shop_control_json(each)["value"] for each in ALL] == [None, 2.5, 3, 600]
    assert shop_control_json(control(ControlKind.SLOTS, 3.0, until=NOW)) == {
        "shop_no": 7,
        "kind": "slots",
        "value": 3,
        "reason": "why",
        "by": "ada",
        "since": "2026-03-01T11:00:00.000000Z",
        "until": "2026-03-01T12:00:00.000000Z",
    }


def test_the_target_of_an_audit_names_its_shop() -> None:
    assert [shop_of_target(target) for target in (target_of(2**53 - 1), "bulk", "shop x", "7", "shop ٣")] == [
        2**53 - 1,
        None,
        None,
        None,
        None,
    ]


def test_every_kind_but_the_pause_has_a_scale() -> None:
    assert set(ControlKind) - SCALES.keys() == {ControlKind.PAUSE}


@pytest.mark.parametrize("page", ["docs/operating.md", "docs/reference/http.md"])
def test_the_documentation_has_the_ends_of_each_scale(page: str) -> None:
    text = (Path(__file__).parents[3] / page).read_text()
    assert [scale.range for scale in SCALES.values() if scale.range not in text] == []
