"""How long the images of an import will still take: by the rate of late, and by what limits it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faust_app.core.dispatch.fairness import NOTHING, Fairness, Hold, ShopState, sum_of
from faust_app.core.dispatch.fairness_snapshot import WorkerNow, snapshot_of
from faust_app.core.dispatch.shares import Share, most_of_a_shop
from faust_app.core.imports.drain import SHOWN_FOR, drain_of
from faust_app.core.imports.run import ImportCounts, ImportedFile, ImportRun, ImportStatus
from tests.core.dispatch.slot_simulation import Slots, Work
from tests.factories import NOW

SHOP = 7
FILE = ImportedFile(SHOP, "a.csv", 1000, bytes(32), "woocommerce")
RUN = ImportRun(1, FILE, ImportStatus.FINISHED, ImportCounts(read=1000, accepted=1000), "ada", "r1", NOW, NOW, 0, NOW, NOW)
WAITING = ShopState(SHOP, waiting=500, started=60, holds={Hold.SOURCE: 500}, host="img.test")
MINUTE = Fairness(8, 480.0, 28_800.0, (), (WAITING,))


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_an_import_is_as_fast_as_its_shop_was_in_the_last_minute() -> None:
    drain = drain_of(RUN, 400, MINUTE, NOW + after(300))
    assert drain is not None
    assert (drain.done, drain.left, drain.per_second, drain.seconds) == (600, 400, 1.0, 400.0)
    assert (drain.limit, drain.host) == (Hold.SOURCE, "img.test")


def test_an_import_that_just_began_is_as_fast_as_since_then() -> None:
    drain = drain_of(RUN, 800, MINUTE, NOW + after(20))
    assert drain is not None
    assert (drain.done, drain.per_second, drain.seconds) == (200, 10.0, 80.0)


def test_what_is_not_read_of_the_file_is_left_too() -> None:
    run = replace(RUN, status=ImportStatus.RUNNING, ended_at=None, counts=ImportCounts(read=250, accepted=1000))
    drain = drain_of(run, 900, NOTHING, NOW + after(10))
    assert drain is not None
    assert (drain.done, drain.left, drain.seconds) == (100, 3900, 390.0)


@pytest.mark.parametrize(
    ("run", "in_progress", "seconds"),
    [
        (RUN, 0, 10.0),
        (replace(RUN, counts=ImportCounts(read=1000, unchanged=5)), 100, 10.0),
        (RUN, 100, SHOWN_FOR.total_seconds() + 1),
    ],
)
def test_an_import_without_images_in_progress_says_nothing(run: ImportRun, in_progress: int, seconds: float) -> None:
    assert drain_of(run, in_progress, MINUTE, NOW + after(seconds)) is None


@pytest.mark.parametrize(
    ("in_progress", "fairness", "seconds"),
    [
        (1000, NOTHING, 10.0),  # none has ended
        (1000, replace(MINUTE, shops=(replace(WAITING, started=0, holds={Hold.PAUSED: 5}),)), 100.0),  # nothing starts
        (400, NOTHING, 0.0),
    ],
)
def test_a_rate_that_nobody_knows_is_not_made_up(in_progress: int, fairness: Fairness, seconds: float) -> None:
    drain = drain_of(RUN, in_progress, fairness, NOW + after(seconds))
    assert drain is not None
    assert drain.seconds is None


def test_an_import_that_was_continued_does_not_count_what_was_done_before() -> None:
    run = replace(RUN, continued_at=NOW + after(90), continued_from=500)
    drain = drain_of(run, 400, NOTHING, NOW + after(100))
    assert drain is not None
    assert drain.seconds is None


@given(
    images=st.integers(200, 1500),
    seconds=st.floats(0.05, 0.6),
    slots=st.integers(4, 16),
    others=st.lists(st.tuples(st.integers(2, 30), st.floats(0.05, 0.4)), max_size=6),
    part=st.floats(0.25, 0.8),
)
@settings(max_examples=40, deadline=None)
def test_the_time_left_is_right_within_30_percent_from_a_quarter_on(
    images: int, seconds: float, slots: int, others: list[tuple[int, float]], part: float
) -> None:
    """The real scheduler drains the import beside shops that send events at an even pace; one worker, simulated."""
    # The others go on for as long as the import may take, with the part of the slots that it has while they want any.
    span = images * seconds / most_of_a_shop(slots) + 60
    work = [Work(0.0, SHOP, seconds) for _ in range(images)]
    for number, (every, takes) in enumerate(others):
        work += [Work(0.1 * at * every, 100 + number, takes, Share.EXPRESS) for at in range(int(span / (0.1 * every)))]
    whole = Slots(slots)
    whole.run(work)
    ends = sorted(each.work.at + each.waited + seconds for each in whole.started if each.work.shop == SHOP)
    now = ends[int(part * images)]
    until = Slots(slots)
    until.run(work, until=now)
    snapshot = snapshot_of(until.scheduler, WorkerNow(now, 0.0, slots, may_start=True, is_paused=lambda _share: False))
    run = replace(RUN, counts=ImportCounts(read=1000, accepted=images), ended_at=NOW)
    drain = drain_of(run, sum(end > now for end in ends), sum_of([snapshot]), NOW + after(now))
    assert drain is not None
    # A page shows whole seconds: less than one is no error, in a drain that takes less than that in all.
    assert drain.seconds == pytest.approx(ends[-1] - now, rel=0.3, abs=1.0)
