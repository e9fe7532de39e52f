"""Which sources are left alone, who may probe them, and who goes on when they answer."""

from faust_app.core.failure import FailureCode
from faust_app.core.source_health import FAILURES_IN_A_ROW, PROBE_SECONDS, SourceHealth

CODE = FailureCode.SOURCE_TIMEOUT


def fail(health: SourceHealth, shop: int, host: str, *, times: int = FAILURES_IN_A_ROW, now: float = 0.0) -> list[bool]:
    return [health.failed((shop, host), CODE, now) for _ in range(times)]


def test_ten_failures_in_a_row_park_a_source_and_no_other() -> None:
    health = SourceHealth()
    assert fail(health, 1, "a") == [False] * 9 + [True]
    assert [health.admits(source, 1.0) for source in ((1, "a"), (2, "a"), (1, "b"))] == [False, True, True]
    assert health.code((1, "a")) is CODE


def test_an_answer_in_between_starts_the_count_anew() -> None:
    health = SourceHealth()
    fail(health, 1, "a", times=9)
    assert health.answered((1, "a")) == frozenset()
    assert fail(health, 1, "a", times=9) == [False] * 9
    assert health.admits((1, "a"), 1.0)


def test_one_image_a_minute_probes_a_parked_source() -> None:
    health = SourceHealth()
    fail(health, 1, "a", now=0.0)
    assert [health.admits((1, "a"), now) for now in (1.0, PROBE_SECONDS - 1, PROBE_SECONDS, PROBE_SECONDS + 1)] == [
        False,
        False,
        True,
        False,
    ]
    assert list(health.probes_due(PROBE_SECONDS + 1)) == []
    assert list(health.probes_due(2 * PROBE_SECONDS)) == [(1, "a")]


def test_the_first_answer_reopens_a_source() -> None:
    health = SourceHealth()
    fail(health, 1, "a")
    assert health.answered((1, "a")) == {1}
    assert health.admits((1, "a"), 1.0)
    assert list(health.parked()) == []


def test_a_host_that_is_parked_for_three_shops_is_parked_for_all_and_has_one_probe() -> None:
    health = SourceHealth()
    for shop in (1, 2):
        fail(health, shop, "a")
    assert health.admits((9, "a"), 1.0)
    fail(health, 3, "a")
    assert not health.admits((9, "a"), 1.0)
    assert health.admits((9, "b"), 1.0)
    assert list(health.probes_due(PROBE_SECONDS)) == [(1, "a")]
    assert [health.admits((shop, "a"), PROBE_SECONDS) for shop in (9, 1, 2)] == [True, False, False]
    assert health.code((9, "a")) is CODE


def test_one_answer_of_a_host_lets_every_shop_go_on_that_waited_for_it() -> None:
    health = SourceHealth()
    for shop in (1, 2, 3):
        fail(health, shop, "a")
    health.admits((9, "a"), 1.0)
    assert health.answered((2, "a")) == {1, 2, 3, 9}
    assert all(health.admits((shop, "a"), 1.0) for shop in (1, 2, 3, 9))


def test_without_a_host_rule_shops_are_parked_one_by_one() -> None:
    health = SourceHealth(shops_of_a_host=None)
    for shop in range(5):
        fail(health, shop, "")
    assert health.admits((9, ""), 1.0)
    assert health.answered((1, "")) == {1}
    assert not health.admits((2, ""), 1.0)
