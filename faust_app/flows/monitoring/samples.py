"""Keeps a sample of the installation each minute, in whichever process comes first."""

from faust_app.core.monitoring.samples import EVERY, KEPT, Sample, minute_of
from faust_app.flows.monitoring.lag import WatchLag
from faust_app.flows.monitoring.unfinished import WatchStalled
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.monitoring import PicturelessProducts, Samples

FRESH_SECONDS = 2 * EVERY.total_seconds()
"""What a page was last told longer ago is no sample of this minute."""
PRODUCTS_EVERY = 10
"""Minutes between counts of products: a count reads every failed image."""
_FORGOTTEN_AT_ONCE = 100


class SampleKeeper:
    """Keeps samples, and forgets old ones. It needs no lease: the first sample of a minute stays. Deletes nothing but samples."""

    def __init__(
        self, samples: Samples, products: PicturelessProducts, lag: WatchLag, stalled: WatchStalled, *, clock: Clock
    ) -> None:  # fmt: skip
        self._samples = samples
        self._products = products
        self._lag = lag
        self._stalled = stalled
        self._clock = clock

    async def run_pass(self) -> bool:
        """Keep the sample of this minute unless there is one; return whether there was none. Raises Unavailable."""
        now = await self._clock.now()
        if await self._samples.newest() == minute_of(now):
            return False
        lag, stalled = self._lag.report, self._stalled.report
        if lag is not None and self._lag.age > FRESH_SECONDS:
            lag = None
        if stalled is not None and self._stalled.age > FRESH_SECONDS:
            stalled = None
        sample = Sample(
            minute_of(now),
            behind=None if lag is None else lag.lag,
            oldest_seconds=None if lag is None else lag.lag_seconds,
            stalled=None if stalled is None else stalled.counts.stalled,
            failed_images=None if stalled is None else stalled.counts.failed,
            pictureless=await self._products.count() if minute_of(now).minute % PRODUCTS_EVERY == 0 else None,
        )
        if not await self._samples.add(sample):
            return False
        await self._samples.forget(now - KEPT, _FORGOTTEN_AT_ONCE)
        return True
