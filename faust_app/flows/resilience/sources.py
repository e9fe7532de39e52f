"""The shops' sources as a worker meets them: which are left alone for a while, and whether our own network is to blame."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from faust_app.core.dispatch.pace import SourcePace
from faust_app.core.failure import Dependency, Failure, FailureCode, Transient, Unavailable
from faust_app.core.images.outcome import Deferred, Failed
from faust_app.core.images.row import ImageRow, source_origin
from faust_app.core.sources.health import ALL_SHOPS, BLOCKING, DEFER_SECONDS, HEARD, UNWELL, RecordKey, Source, SourceRecord
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.sources import SourceRecords
from faust_app.flows.ports.transfer import Fetcher
from faust_app.flows.resilience.breakers import Breaker
from faust_app.flows.resilience.deferral import release
from faust_app.flows.resilience.egress import WayOut
from faust_app.flows.resilience.known_sources import KnownSources

log = structlog.get_logger()

MAX_HOST_WAIT: Final = timedelta(hours=24)
"""How long images wait for their host before they fail, counted from when they were accepted."""
_WOKEN_AGAIN: Final = 15.0
"""Seconds until one more image is called to probe a host whose last one has not done so."""
_SHOPS_TRIED: Final = 5
"""Shops a pass looks through for an image that can probe their host; the next pass goes on with others."""


class Sources:
    """Admits, blames and reopens. `jitter` draws the factor that spreads deferred images."""

    def __init__(
        self,
        repository: ImageRepository,
        fetcher: Fetcher,
        pace: SourcePace,
        records: SourceRecords,
        jitter: Callable[[], float],
        *,
        clock: Clock,
        probe_url: str | None = None,
    ) -> None:
        self._repository = repository
        self._pace = pace
        self._jitter = jitter
        self._way_out = WayOut(pace.egress, fetcher, probe_url)
        self._known = KnownSources(records, clock)
        self._known.on_learnt = self._learnt
        self._known.on_deferred = self._deferred
        self._known.on_ended = self._ended
        self._releasing: set[Source] = set()
        self._called: dict[RecordKey, float] = {}
        self._last: dict[str, Failure] = {}
        self.reach_anybody = self._way_out.reach_anybody
        self.on_deferred: Callable[[str, Failure, int | None], None] = lambda _host, _failure, _shop_no: None
        """Called with a host that images wait for, its last failure, and the shop whose images do; None for every shop's."""
        self.on_answered: Callable[[str, int | None], None] = lambda _host, _shop_no: None
        """Called with such a host and shop when it answers again."""

    def blame(self, egress: Breaker) -> None:
        """Use the breaker of our own way out; without one every failure is the source's."""
        self._way_out.breaker = egress

    async def admit(self, row: ImageRow) -> Deferred | Failed | None:
        """Return what becomes of an image whose source is left alone, None where it may be fetched. Raises Unavailable.

        An image whose source is due for a probe is the probe.
        """
        source = _source(row)
        await self._known.ensure_loaded()
        record = self._known.deferral(source)
        if record is None or await self._known.claim(record):
            return None
        record = self._known.deferral(source)
        if record is None:
            return None
        if row.open_since is not None and self._known.now - row.open_since >= MAX_HOST_WAIT:
            return _given_up(row, record)
        return self._defer(row)

    def answered(self, row: ImageRow) -> None:
        """Count an answer of the source, whatever it said of the image."""
        source = _source(row)
        if row.source_url is None:
            return
        origin = source_origin(row.source_url)
        self._last.pop(source[1], None)
        self._pace.answered(source[1])
        self._way_out.answered(source, origin)
        self._known.answer(source, origin)

    async def failed(self, row: ImageRow, failure: Failure, began: float) -> Failure | Deferred:
        """Count a failure and return whose it is: the image's, as it came; our network's, as Unavailable; or nobody's, as Deferred.

        From the tenth failure in a row on, over all workers, it is the host's and costs no image an attempt: that includes
        probes, and fetches which had begun before. `began` is when the fetch did, by the event loop's clock. Raises
        Unavailable when the database cannot count it.
        """
        if failure.code not in UNWELL:
            self.answered(row)
            return failure
        source = _source(row)
        if isinstance(failure, Transient) and failure.silent and await self._way_out.is_down(source, began):
            return Unavailable(Dependency.EGRESS, failure.detail)
        if failure.code in HEARD and row.source_url is not None:
            self._way_out.answered(source, source_origin(row.source_url))
        self._pace.failed(source[1])
        self._last[source[1]] = failure  # of a redirect it names the host that failed
        return self._defer(row) if await self._known.fail(source, failure.code) else failure

    async def run_pass(self) -> None:
        """Share what was learnt, wake what was reopened, one image of each source due for a probe, and what was deferred too far.

        Raises Unavailable.
        """
        await self._known.refresh()
        await release(self._repository, self._releasing)
        await self._call_probes()
        await self._call_back()

    async def _call_probes(self) -> None:
        """Let an image of every source that is due for a probe be due: who gets it claims the probe."""
        now = _now()
        for record in self._known.deferred():
            if record.probe_at is None or record.probe_at > self._known.now or now < self._called.get(record.key, 0.0):
                continue
            self._called[record.key] = now + _WOKEN_AGAIN
            shops = [record.shop_no] if record.shop_no != ALL_SHOPS else self._known.shops_of(record.host)
            for shop in _rotated(shops, int(now))[:_SHOPS_TRIED]:
                if await self._repository.release_deferred(shop, record.host, 1):
                    break

    async def _call_back(self) -> None:
        """Release the next images of sources that run out of events here while others of theirs are deferred."""
        now = _now()
        for source, count in self._pace.to_call_back(now):
            if self._known.deferral(source) is not None:
                continue
            if await self._repository.release_deferred(source[0], source[1], count) < count:
                self._pace.called_back_all(source, now)

    def _defer(self, row: ImageRow) -> Deferred:
        source = _source(row)
        self._known.hold(source)
        record = self._known.deferral(source)
        code = record.code if record is not None else None
        return Deferred(
            row, timedelta(seconds=DEFER_SECONDS * self._jitter()), code, f"The host {source[1]} is left alone for some minutes."
        )

    def _learnt(self, record: SourceRecord) -> None:
        """Take over where others had an answer: those hosts can be asked whether our network is up."""
        if record.is_deferred:
            if record.shop_no == ALL_SHOPS:
                self._pace.egress.forget(record.host)
            return
        if record.answered_at is None or record.origin is None:
            return
        age = (self._known.now - record.answered_at).total_seconds()
        self._pace.egress.remember(record.host, record.origin, record.answered_for or 0, _now() - max(0.0, age))

    def _deferred(self, record: SourceRecord) -> None:
        code, shop_no = record.code or FailureCode.SOURCE_ERROR, _shop_of(record)
        log.warning("source deferred", host=record.host, shop_no=shop_no, code=code.value)
        failure = self._last.pop(record.host) if record.host in self._last else Transient(code, code.sentence)
        self.on_deferred(record.host, failure, shop_no)

    def _ended(self, record: SourceRecord) -> None:
        self._called.pop(record.key, None)
        shops = [record.shop_no] if record.shop_no != ALL_SHOPS else self._known.shops_of(record.host)
        self._releasing |= {(shop, record.host) for shop in shops}
        log.info("source answers again", host=record.host, shops=len(shops))
        self.on_answered(record.host, _shop_of(record))


def _shop_of(record: SourceRecord) -> int | None:
    return None if record.shop_no == ALL_SHOPS else record.shop_no


def _given_up(row: ImageRow, record: SourceRecord) -> Failed:
    code = FailureCode.SOURCE_BLOCKED if record.code in BLOCKING else FailureCode.HOST_DOWN
    cause = record.code.value if record.code else "failures"
    return Failed(row, code, f"The host failed every request for over {MAX_HOST_WAIT.days * 24} hours, last with {cause}.")


def _rotated(shops: list[int], turn: int) -> list[int]:
    """Return the shops beginning at another one each time."""
    start = turn % len(shops) if shops else 0
    return shops[start:] + shops[:start]


def _source(row: ImageRow) -> Source:
    return row.shop_no, row.source_host or ""


def _now() -> float:
    return asyncio.get_running_loop().time()
