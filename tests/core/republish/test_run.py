"""How fast a run goes, and what its selection means."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from faust_app.core.images.row import ImageState
from faust_app.core.republish.items import ItemStatus
from faust_app.core.republish.report import WORDS, end_message, outcome_lines, plan_lines
from faust_app.core.republish.run import Run, RunCounts, RunStatus, allowance, needs_typed_count, paced
from faust_app.core.republish.selection import SelectedState, Selection
from faust_app.core.text import Place
from tests.factories import NOW

RUN = Run(1, RunStatus.RUNNING, Selection(), 10.0, None, "ada", NOW, paced_to=NOW, started_at=NOW, started_by="ada")


@given(
    st.floats(1, 1000),
    st.lists(st.one_of(st.floats(0, 0.2), st.floats(0, 30)), min_size=1, max_size=60),
)
def test_no_more_begin_than_the_rate_times_the_time_since_the_start(rate: float, pauses: list[float]) -> None:
    run, now, begun = replace(RUN, rate=rate), NOW, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        count = allowance(run, now)
        assert count >= 0
        begun += count
        run = replace(run, paced_to=paced(run, now, count))
        assert begun <= rate * (now - NOW).total_seconds() + 1e-3


@given(st.floats(1, 1000))
def test_a_pass_each_second_uses_the_whole_rate(rate: float) -> None:
    run, now, begun = replace(RUN, rate=rate), NOW, 0
    for _ in range(100):
        now += timedelta(seconds=1)
        count = allowance(run, now)
        begun += count
        run = replace(run, paced_to=paced(run, now, count))
    assert begun >= rate * 99 - 1


def test_time_that_passed_while_nobody_ran_is_not_caught_up() -> None:
    assert allowance(RUN, NOW + timedelta(hours=1)) == 20


@pytest.mark.parametrize("status", [status for status in RunStatus if status is not RunStatus.RUNNING])
def test_only_a_running_run_begins_images(status: RunStatus) -> None:
    assert allowance(replace(RUN, status=status), NOW + timedelta(seconds=5)) == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"shops": [0]}, "shops"),
        ({"shops": [True]}, "shops"),
        ({"states": []}, "states"),
        ({"states": ["gone"]}, "states"),
        ({"codes": ["A'; DROP TABLE image"]}, "codes"),
        ({"hosts": ["a b"]}, "hosts"),
        ({"hosts": [""]}, "hosts"),
        ({"since": "2026-03-01T00:00:00"}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "until"),
        ({"product_id": "p"}, "product_id"),
        ({"images": [{"shop_no": 7, "image_id": "a\n"}]}, "images"),
        ({"images": [{"shop_no": 7, "image_id": "a"}] * 10_001}, "images"),
        ({"overrides": ["everything"]}, "overrides"),
        ({"shop": 7}, "shop"),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(values: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Selection.model_validate_json(json.dumps(values))
    assert field in str(refused.value)


def test_equal_selections_have_one_digest_whatever_their_order() -> None:
    one = Selection(shops=(7, 8), states=(SelectedState.LOST, SelectedState.FAILED), codes=("b", "a", "a"))
    two = Selection(shops=(8, 7), codes=("a", "b"))
    assert one.digest == two.digest
    assert Selection(shops=(7,)).digest != two.digest
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert Selection(since=at).digest != Selection(until=at).digest


def test_every_status_has_words_and_a_place_in_the_report() -> None:
    assert set(WORDS) == set(ItemStatus)
    counts = RunCounts(dict.fromkeys(ItemStatus, 3), {ImageState.DONE: 5}, 2)
    text = "\n".join(outcome_lines(counts))
    assert all(word in text for word in WORDS.values())
    assert counts.images + counts.skipped == 3 * len(ItemStatus)


def test_a_plan_that_fetches_good_images_says_so_first() -> None:
    counts = RunCounts({ItemStatus.PLANNED: 5}, {ImageState.DONE: 5}, 1)
    run = replace(RUN, selection=Selection(states=(SelectedState.DONE,), include_good=True))
    assert plan_lines(run, counts)[0] == "Fetches 5 images again that are fine today."


def test_a_message_says_how_a_run_ended_and_where_to_look() -> None:
    counts = RunCounts({ItemStatus.REPAIRED: 1200, ItemStatus.FAILED_SAME: 1, ItemStatus.GOOD: 7}, {}, 2)
    message = end_message(RUN, counts, Place(UTC, "https://images.test"), NOW + timedelta(minutes=2), cancelled=False)
    assert message.title == "[republish] Run 1 is finished after 2 min: 1,201 images"
    assert message.text.splitlines() == [
        "1,200 repaired", "1 failed the same way", "skipped: 7 fine today", "Started by ada.", "See https://images.test/admin/republish/1",
    ]  # fmt: skip


def test_more_than_a_thousand_images_need_their_number_typed() -> None:
    assert not needs_typed_count(RunCounts({ItemStatus.PLANNED: 1000}))
    assert needs_typed_count(RunCounts({ItemStatus.PLANNED: 1001}))
