"""A shop whose images meet nothing but an error of ours waits, with a probe a minute."""

from faust_app.core.sources.shop_health import INTERNAL_ERRORS_IN_A_ROW, SHOP_PROBE_SECONDS, ShopHealth


def fail(health: ShopHealth, shop: int, *, times: int = INTERNAL_ERRORS_IN_A_ROW) -> list[bool]:
    return [health.failed(shop, 0.0) for _ in range(times)]


def test_ten_failures_in_a_row_defer_a_shop_and_no_other() -> None:
    health = ShopHealth()
    assert fail(health, 1) == [False] * 9 + [True]
    assert [health.admits(shop, 1.0) for shop in (1, 2)] == [False, True]
    assert health.deferred() == [1]


def test_a_success_in_between_starts_the_count_anew() -> None:
    health = ShopHealth()
    fail(health, 1, times=9)
    assert not health.answered(1)
    assert fail(health, 1, times=9) == [False] * 9


def test_one_image_a_minute_probes_a_deferred_shop_and_the_first_success_ends_it() -> None:
    health = ShopHealth()
    fail(health, 1)
    times = (1.0, SHOP_PROBE_SECONDS - 1, SHOP_PROBE_SECONDS, SHOP_PROBE_SECONDS + 1)
    assert [health.admits(1, now) for now in times] == [False, False, True, False]
    assert (list(health.probes_due(SHOP_PROBE_SECONDS + 1)), list(health.probes_due(2 * SHOP_PROBE_SECONDS))) == ([], [1])
    assert health.answered(1)
    assert health.admits(1, 1.0)
