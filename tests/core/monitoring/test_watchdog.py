"""When a worker is stalled: a table of what was seen of it, second by second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.monitoring.watchdog import SAMPLE_SECONDS, ProgressSample, Watch, made_no_progress, observe

LIMIT = 120.0
WORK = "3 events held"


def watched(samples: list[ProgressSample], *, every: float = SAMPLE_SECONDS) -> Watch:
    watch: Watch | None = None
    for number, sample in enumerate(samples):
        watch = observe(watch, sample, number * every)
    assert watch is not None
    return watch


STORIES = {
    "work that nobody does": ([ProgressSample(7, WORK)] * 122, True),
    "work that nobody does, not yet for so long": ([ProgressSample(7, WORK)] * 120, False),
    "an idle topic": ([ProgressSample(7, None)] * 500, False),
    "an open breaker, a pause or an internal error breaker": ([ProgressSample(7, WORK, held_up=True)] * 500, False),
    "a breaker that closed a minute ago": ([ProgressSample(7, WORK, held_up=True)] * 300 + [ProgressSample(7, WORK)] * 60, False),
    "a breaker that closed long ago": ([ProgressSample(7, WORK, held_up=True)] * 300 + [ProgressSample(7, WORK)] * 122, True),
    "one event a minute": ([ProgressSample(second // 60, WORK) for second in range(500)], False),
    "one event, then none": ([ProgressSample(min(second, 5), WORK) for second in range(130)], True),
    "work that was there for a moment every minute": (
        [ProgressSample(7, None if second % 60 == 0 else WORK) for second in range(500)],
        False,
    ),
}


@pytest.mark.parametrize(("samples", "stalled"), STORIES.values(), ids=STORIES)
def test_a_story_tells_whether_a_worker_is_stalled(samples: list[ProgressSample], stalled: bool) -> None:  # noqa: FBT001 - a column
    assert made_no_progress(watched(samples), LIMIT) is stalled


def test_a_process_that_was_frozen_for_an_hour_is_not_stalled_for_that() -> None:
    before = observe(observe(None, ProgressSample(7, WORK), 0.0), ProgressSample(7, WORK), 1.0)
    assert not made_no_progress(observe(before, ProgressSample(7, WORK), 3_600.0), LIMIT)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_no_look_counts_for_more_than_a_little(gaps: list[float]) -> None:
    now, watch = 0.0, None
    for gap in gaps:
        now += gap
        watch = observe(watch, ProgressSample(7, WORK), now)
    assert watch is not None
    assert watch.idle <= 2 * SAMPLE_SECONDS * len(gaps)
