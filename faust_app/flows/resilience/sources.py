"""The shops' sources as a worker meets them: which images are deferred, and what a failed fetch is charged to."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar

from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.failure import Dependency, Failure, FailureCode, Transient, Unavailable
from faust_app.core.images.outcome import Deferred, Failed
from faust_app.core.images.row import ImageRow, source_origin
from faust_app.core.sources.health import BLOCKING, HEARD, UNWELL, RecordKey, Source, SourceRecord
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.sources import SourceRecords
from faust_app.flows.resilience.deferral import Deferral
from faust_app.flows.resilience.egress import EgressMonitor
from faust_app.flows.resilience.host_faults import HostFaults
from faust_app.flows.resilience.known_sources import KnownSources

T = TypeVar("T")

MAX_HOST_WAIT: Final = timedelta(hours=24)
"""How long after its request an image may still be deferred for its host; then it fails."""
_RELEASED_AGAIN: Final = 15.0
"""Seconds after which another image is released to probe a host that the one before it has not probed."""
_SHOPS_TRIED: Final = 5
"""Shops among which a pass searches for an image to probe their host; the next pass begins at another one."""


class Sources:
    """Admits images, counts what their sources answer, and releases deferred ones. `jitter` spreads deferred images."""

    def __init__(
        self,
        repository: ImageRepository,
        records: SourceRecords,
        *,
        clock: Clock,
        egress: EgressMonitor,
        pace: SourcePace,
        alerts: Alerts,
        jitter: Callable[[], float],
    ) -> None:
        self._egress = egress
        self._pace = pace
        self._faults = HostFaults(alerts)
        self._deferral = Deferral(repository, jitter)
        self._known = KnownSources(records, clock, pace, self._faults, self._deferral)
        self._released_until: dict[RecordKey, float] = {}

    async def admit(self, row: ImageRow) -> Deferred | Failed | None:
        """Return the outcome of an image whose source is deferred, None where it may be fetched. Raises Unavailable.

        If a probe of the source is due, this image is the probe.
        """
        source = _source(row)
        await self._known.ensure_loaded()
        record = self._known.records.deferral(source)
        if record is None or await self._known.claim(record):
            return None
        record = self._known.records.deferral(source)
        if record is None:
            return None
        if row.open_since is not None and self._known.now - row.open_since >= MAX_HOST_WAIT:
            return _given_up(row, record)
        return self._defer(row)

    def answered(self, row: ImageRow) -> None:
        """Count an answer of the source, whatever it said of the image."""
        if row.source_url is None:
            return
        source, origin = _source(row), source_origin(row.source_url)
        self._faults.answered(source[1])
        self._pace.answered(source[1])
        self._egress.answered(source, origin)
        self._known.answer(source, origin)

    async def failed(self, row: ImageRow, failure: Failure, began: float) -> Failure | Deferred:
        """Count a failure; return it if it is charged to the image, else Unavailable (our network is down) or Deferred (the host is).

        From the tenth failure in a row on, over all workers, a failure is charged to the host and costs no image an attempt;
        that includes probes, and fetches that had begun before. `began` is when the fetch began, by the event loop's clock.
        Raises Unavailable when the database cannot count the failure.
        """
        if failure.code not in UNWELL:
            self.answered(row)
            return failure
        source = _source(row)
        if isinstance(failure, Transient) and failure.asks_for_less:
            self._pace.pushed_back(source[1], _now())
        if isinstance(failure, Transient) and failure.silent and await self._egress.is_down(source, began):
            return Unavailable(Dependency.EGRESS, failure.detail)
        if failure.code in HEARD and row.source_url is not None:
            self._egress.answered(source, source_origin(row.source_url))
        self._pace.failed(source[1])
        self._faults.failed(source[1], failure)
        return self._defer(row) if await self._known.fail(source, failure.code) else failure

    async def run_pass(self) -> None:
        """Share what this worker has learnt, then release deferred images: of sources that answer, probes, and of idle sources.

        Raises Unavailable.
        """
        await self._known.refresh()
        await self._deferral.release_reopened()
        await self._release_probes()
        await self._release_for_idle()

    async def _release_probes(self) -> None:
        """Release one image of every source whose probe is due; the worker that gets it claims the probe."""
        now, deferred = _now(), self._known.records.deferred()
        released = {record.key: self._released_until.get(record.key, now) for record in deferred}
        self._released_until = {key: until for key, until in released.items() if until > now}
        for record in deferred:
            if not self._is_probe_due(record) or record.key in self._released_until:
                continue
            self._released_until[record.key] = now + _RELEASED_AGAIN
            for source in _rotated(self._known.records.sources_of(record), int(now))[:_SHOPS_TRIED]:
                if await self._deferral.release_some(source, 1):
                    break

    def _is_probe_due(self, record: SourceRecord) -> bool:
        return record.probe_at is not None and record.probe_at <= self._known.now

    async def _release_for_idle(self) -> None:
        """Release the next images of sources that run out of events on this worker while others of theirs are deferred."""
        now = _now()
        for source, count in self._pace.deferrals.to_release(now):
            if self._known.records.deferral(source) is None and await self._deferral.release_some(source, count) < count:
                self._pace.deferrals.released_all(source, now)

    def _defer(self, row: ImageRow) -> Deferred:
        source = _source(row)
        self._known.hold(source)
        record = self._known.records.deferral(source)
        code = record.code if record is not None else None
        return self._deferral.defer(row, code, f"The host {source[1]} is left alone for some minutes.")


def _given_up(row: ImageRow, record: SourceRecord) -> Failed:
    code = FailureCode.SOURCE_BLOCKED if record.code in BLOCKING else FailureCode.HOST_DOWN
    cause = record.code.value if record.code else "failures"
    return Failed(row, code, f"The host failed every request for over {MAX_HOST_WAIT.days * 24} hours, last with {cause}.")


def _rotated(items: Sequence[T], turn: int) -> list[T]:
    """Return the items beginning at another one each turn."""
    start = turn % len(items) if items else 0
    return [*items[start:], *items[:start]]


def _source(row: ImageRow) -> Source:
    return row.shop_no, row.source_host or ""


def _now() -> float:
    return asyncio.get_running_loop().time()
