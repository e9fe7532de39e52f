"""What a process learns of express from its samples of the lag, and shows."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from faust_app.core.dispatch.lanes import Lane
from faust_app.core.monitoring.lag import LagSample, PartitionLag
from faust_app.flows.images.lane_choice import LaneChoice
from faust_app.metrics import Metrics
from tests.factories import NOW, accepted_row
from tests.fakes.lane_choice import all_bulk, fair_lanes


class Harness:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.choice = fair_lanes(self.metrics, seconds=lambda: 0.0)

    @property
    def factor(self) -> float | None:
        return self.metrics.registry.get_sample_value("shop_images_express_factor")

    def sends(self, choice: LaneChoice | None = None) -> int:
        rows = [accepted_row(7, b"%d" % n) for n in range(30)]
        return [(choice or self.choice).choose(row) for row in rows].count(Lane.EXPRESS)


@pytest.fixture
def harness() -> Harness:
    return Harness()


def sample(topic: str, age: float, *, behind: int = 100, partitions: int = 12) -> LagSample:
    """Return a sample in which so many of 12 partitions are behind."""
    since = NOW - timedelta(seconds=age)
    unread = [PartitionLag(topic, n, 0, 0, behind, since) for n in range(partitions)]
    return LagSample(NOW, "g", (*unread, *(PartitionLag(topic, n, 9, 0, 9) for n in range(partitions, 12))))


def test_express_shrinks_while_it_lags_and_recovers_and_says_so(harness: Harness) -> None:
    assert harness.factor == 1
    with capture_logs() as logged:
        harness.choice.note_sample(sample("p.express", 6))
        harness.choice.note_sample(sample("p.express", 16))
        assert (harness.factor, harness.sends()) == (1 / 4, 5)
        harness.choice.note_sample(sample("p.express", 5))
        harness.choice.note_sample(sample("p.express", 0, partitions=0))
    assert harness.factor == 1
    assert [line["event"].split()[1] for line in logged] == ["lags;", "lags;", "recovers", "recovers"]
    harness.choice.note_sample(sample("p.express", 0, partitions=0))
    assert len(logged) == 4, "one line a change"


@pytest.mark.parametrize(
    "quiet",
    [
        pytest.param(sample("p.bulk", 600), id="a backlog in bulk"),
        pytest.param(sample("p.requests", 600), id="another group"),
        pytest.param(sample("p.express", 600, partitions=5), id="some partitions held up by slow images"),
        pytest.param(sample("p.express", 600, behind=10), id="few images everywhere"),
    ],
)
def test_what_is_no_crowd_in_express_shrinks_nothing(harness: Harness, quiet: LagSample) -> None:
    harness.choice.note_sample(quiet)
    assert harness.factor == 1


def test_without_fair_shares_nothing_is_express_and_the_factor_is_0(harness: Harness) -> None:
    choice = all_bulk(harness.metrics)
    choice.note_sample(sample("p.express", 600))
    assert (harness.sends(choice), harness.factor) == (0, 0)
