import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from faust_app.metrics.loop_histogram import LoopHistogram

BUCKETS = (0.005, 0.1, 1, 14_400)
values = st.floats(0, 20_000) | st.sampled_from(BUCKETS)


@given(st.lists(st.tuples(st.sampled_from(["a", 'b"\\']), values)))
def test_it_reads_like_the_histogram_of_the_library(observed: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    lean = LoopHistogram("seconds", "Help.", BUCKETS, registry=ours, label="step")
    full = Histogram("seconds", "Help.", ("step",), buckets=BUCKETS, registry=theirs)
    for step, value in observed:
        lean.labels(step).observe(value)
        full.labels(step).observe(value)
    assert generate_latest(ours) == generate_latest(theirs)


@given(st.lists(values))
def test_without_a_label_it_has_its_series_from_the_start(observed: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    lean, full = LoopHistogram("s", "Help.", BUCKETS, registry=ours), Histogram("s", "Help.", buckets=BUCKETS, registry=theirs)
    for value in observed:
        lean.unlabelled.observe(value)
        full.observe(value)
    assert generate_latest(ours) == generate_latest(theirs)


def test_a_context_observes_its_seconds_also_where_it_fails() -> None:
    registry = CollectorRegistry()
    series = LoopHistogram("s", "Help.", BUCKETS, registry=registry).unlabelled
    with pytest.raises(ZeroDivisionError), series.time():
        _ = 1 / 0
    assert registry.get_sample_value("s_count") == 1
    assert 0 <= (registry.get_sample_value("s_sum") or 0) < 60
