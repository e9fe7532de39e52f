"""When a source is left alone, for whom, who probes it, and what an answer ends."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.failure import FailureCode
from faust_app.core.sources.health import (
    ALL_SHOPS,
    ANSWER_KEPT,
    FAILURES_IN_A_ROW,
    OF_THE_HOST,
    PROBE_AFTER,
    UNWELL,
    RecordKey,
    SourceAnswer,
    SourceFailure,
    SourceRecord,
    after_answer,
    after_claim,
    after_failure,
    deferral,
    is_worth_writing,
)
from tests.factories import NOW

HOST = "h.test"
SECOND = timedelta(seconds=1)
OF_A_SHOP = sorted(UNWELL - OF_THE_HOST)


class Known:
    """Records that change by the rules; `at` moves on by a second a step."""

    def __init__(self) -> None:
        self.records: dict[RecordKey, SourceRecord] = {}
        self.at = NOW

    def fail(self, shop: int = 1, code: FailureCode = FailureCode.SOURCE_UNREACHABLE, *, times: int = 1, host: str = HOST) -> int:
        """Return how many of the failures came before their source was deferred."""
        charged = 0
        for _ in range(times):
            self.at += SECOND
            self.records |= {r.key: r for r in after_failure(self.records, SourceFailure((shop, host), code), self.at)}
            charged += not self.waits(shop, host)
        return charged

    def answer(self, shop: int = 1, host: str = HOST) -> None:
        self.at += SECOND
        answer = SourceAnswer((shop, host), f"http://{host}/", self.at)
        self.records |= {record.key: record for record in after_answer(self.records, answer)}

    def waits(self, shop: int = 1, host: str = HOST) -> bool:
        return deferral(self.records, (shop, host)) is not None


@pytest.mark.parametrize("code", sorted(OF_THE_HOST))
def test_ten_failures_in_a_row_that_are_no_shops_own_defer_the_host_for_every_shop(code: FailureCode) -> None:
    known = Known()
    charged = sum(known.fail(shop, code) for shop in (1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2))
    assert charged == FAILURES_IN_A_ROW - 1
    assert [known.waits(shop) for shop in (1, 2, 99)] == [True] * 3
    assert not known.waits(1, "other.test")


@pytest.mark.parametrize("code", OF_A_SHOP)
def test_ten_failures_in_a_row_that_may_be_one_shops_own_defer_that_shops_images_only(code: FailureCode) -> None:
    known = Known()
    assert known.fail(1, code, times=12) == FAILURES_IN_A_ROW - 1
    assert [known.waits(shop) for shop in (1, 2)] == [True, False]


@pytest.mark.parametrize("code", OF_A_SHOP)
def test_ten_failures_in_a_row_of_three_shops_defer_the_host_for_every_shop(code: FailureCode) -> None:
    known = Known()
    for shop in (1, 1, 1, 1, 2, 2, 2, 2, 3, 3):
        assert not known.waits(9)
        known.fail(shop, code)
    assert known.waits(9)


def test_an_answer_in_between_starts_the_count_anew() -> None:
    known = Known()
    known.fail(times=9)
    known.answer()
    assert known.fail(times=9) == 9
    assert not known.waits()


def test_the_first_answer_ends_it_for_every_shop_of_a_host_and_for_its_own_shop_otherwise() -> None:
    known = Known()
    for shop in (1, 2, 3):
        known.fail(shop, times=4)
    known.answer(9)
    assert not any(known.waits(shop) for shop in (1, 2, 3, 9))
    for shop in (1, 2):
        known.fail(shop, FailureCode.SOURCE_FORBIDDEN, times=10)
        known.answer(7)
    assert [known.waits(shop) for shop in (1, 2)] == [True, True]
    known.answer(1)
    assert [known.waits(shop) for shop in (1, 2)] == [False, True]


def test_one_image_a_minute_probes_and_only_one_worker_gets_it() -> None:
    known = Known()
    known.fail(times=10)
    record = known.records[HOST, ALL_SHOPS]
    assert record.probe_at is not None
    assert after_claim(record, record.probe_at - SECOND) is None
    claimed = after_claim(record, record.probe_at)
    assert claimed is not None
    assert claimed.probe_at == record.probe_at + PROBE_AFTER
    assert after_claim(claimed, record.probe_at) is None
    assert after_claim(None, known.at) is None
    assert after_claim(replace(record, deferred_since=None), record.probe_at) is None


def test_a_failure_while_it_is_deferred_neither_ends_nor_prolongs_anything() -> None:
    known = Known()
    known.fail(times=10)
    before = known.records[HOST, ALL_SHOPS]
    known.fail(times=5)
    after = known.records[HOST, ALL_SHOPS]
    assert (after.deferred_since, after.probe_at, after.failures) == (before.deferred_since, before.probe_at, 15)


def test_an_answer_that_is_not_written_yet_ends_the_failures_before_it() -> None:
    known = Known()
    known.fail(times=9)
    late = SourceFailure((1, HOST), FailureCode.SOURCE_UNREACHABLE, answered_at=known.at + SECOND)
    host, shop = after_failure(known.records, late, known.at + 2 * SECOND)
    assert (host.failures, shop.failures, host.is_deferred) == (1, 1, False)


def test_a_host_that_answers_all_the_time_is_written_once_in_ten_minutes() -> None:
    known = Known()
    known.answer()
    source, origin = (1, HOST), f"http://{HOST}/"
    assert not is_worth_writing(known.records, SourceAnswer(source, origin, known.at + ANSWER_KEPT - SECOND))
    assert is_worth_writing(known.records, SourceAnswer(source, origin, known.at + ANSWER_KEPT))
    known.fail()
    assert is_worth_writing(known.records, SourceAnswer(source, origin, known.at + SECOND))
    assert is_worth_writing({}, SourceAnswer(source, origin, known.at))


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([*sorted(UNWELL), None])), max_size=120))
def test_whatever_happens_no_source_costs_more_than_nine_attempts_in_a_row_of_one_shop(
    steps: list[tuple[int, FailureCode | None]],
) -> None:
    known, charged = Known(), dict.fromkeys(range(1, 5), 0)
    for shop, code in steps:
        if code is None:
            host = known.records.get((HOST, ALL_SHOPS))
            # A host that was left alone for all of them and answers again is heard by all.
            heard = charged if host is not None and host.is_deferred else [shop]
            known.answer(shop)
            charged |= dict.fromkeys(heard, 0)
        elif not known.waits(shop):
            charged[shop] += known.fail(shop, code)
        assert charged[shop] < FAILURES_IN_A_ROW
        assert all(record.failures >= FAILURES_IN_A_ROW for record in known.records.values() if record.is_deferred)
