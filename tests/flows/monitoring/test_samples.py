"""The samples that the installation keeps of itself."""

from dataclasses import replace
from datetime import timedelta

from faust_app.core.images.row import ImageState
from faust_app.core.monitoring.samples import KEPT, Sample
from faust_app.flows.monitoring.samples import SampleKeeper
from tests.factories import NOW, accepted_row
from tests.fakes.clock import FakeClock
from tests.fakes.monitoring import FakePicturelessProducts, FakeSamples
from tests.flows.monitoring.monitoring_harness import WatchHarness
from tests.flows.worker_harness import WorkerHarness


async def test_one_sample_is_kept_a_minute_whoever_comes_first() -> None:
    watch, samples, at = WatchHarness(WorkerHarness()), FakeSamples(), [NOW]
    products = FakePicturelessProducts(watch.worker.rows)
    one, other = (SampleKeeper(samples, products, watch.lag, watch.stalled, clock=FakeClock(lambda: at[0])) for _ in range(2))
    assert [await one.run_pass(), await other.run_pass(), await one.run_pass()] == [True, False, False]
    at[0] += timedelta(minutes=1)
    assert [await other.run_pass(), await one.run_pass()] == [True, False]
    assert [sample.at for sample in samples.kept] == [NOW, NOW + timedelta(minutes=1)]


async def test_what_was_not_sampled_for_long_is_unknown() -> None:
    watch, samples = WatchHarness(WorkerHarness()), FakeSamples()
    keeper = SampleKeeper(samples, FakePicturelessProducts(watch.worker.rows), watch.lag, watch.stalled, clock=FakeClock(lambda: NOW))
    await keeper.run_pass()
    assert (samples.kept[0].behind, samples.kept[0].stalled) == (None, None)


async def test_products_without_a_picture_are_counted_every_ten_minutes() -> None:
    watch, samples, at = WatchHarness(WorkerHarness()), FakeSamples(), [NOW]
    row = replace(accepted_row(7, b"a"), state=ImageState.FAILED, product_id="p1")
    watch.worker.rows.rows[row.key] = row
    products = FakePicturelessProducts(watch.worker.rows)
    keeper = SampleKeeper(samples, products, watch.lag, watch.stalled, clock=FakeClock(lambda: at[0]))
    for _ in range(11):
        await keeper.run_pass()
        at[0] += timedelta(minutes=1)
    assert [sample.pictureless for sample in samples.kept] == [1, *[None] * 9, 1]


async def test_old_samples_are_forgotten() -> None:
    watch, samples = WatchHarness(WorkerHarness()), FakeSamples()
    samples.kept.append(Sample(NOW - KEPT - timedelta(minutes=1)))
    keeper = SampleKeeper(samples, FakePicturelessProducts(watch.worker.rows), watch.lag, watch.stalled, clock=FakeClock(lambda: NOW))
    await keeper.run_pass()
    assert [sample.at for sample in samples.kept] == [NOW]
