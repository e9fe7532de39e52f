"""The health of the sources: failures in a row, deferral, probes and the last answer.

A source is a shop's host. Each host has a record for all shops (shop number 0) and, while it fails or images are deferred
for it, one for each shop concerned. The rules are pure; the records are in the database, where all workers share them.

Ten failures in a row defer images: those of every shop, if the failure cannot be one shop's alone or three shops met it; else
those of the one shop. From then on a failure is charged to no image, one image a minute probes the host, and the first
answer ends the deferral.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from faust_app.core.failure_codes import FailureCode, Fault, codes_of

FAILURES_IN_A_ROW: Final = 10
SHOPS_OF_A_HOST: Final = 3
PROBE_AFTER: Final = timedelta(seconds=60)
DEFER_SECONDS: Final = 300.0
"""Seconds by which an image is deferred, before jitter."""
ANSWER_KEPT: Final = timedelta(minutes=10)
"""How old a record's last answer may be before a new one is written: in steady state a host costs one write in that time."""
ALL_SHOPS: Final = 0

Source = tuple[int, str]
"""A shop and the host its image comes from."""
RecordKey = tuple[str, int]
"""A host and a shop, or ALL_SHOPS."""

OF_THE_HOST: Final = codes_of(Fault.HOST_SILENT, Fault.HOST)
"""Failures that cannot be one shop's alone."""
UNWELL: Final = OF_THE_HOST | codes_of(Fault.SOURCE, Fault.SOURCE_BLOCKS)
"""Failures of a whole source: it is down, or it has something against us."""
HEARD: Final = UNWELL - codes_of(Fault.HOST_SILENT)
"""Those in which the host said something: our own network reaches it."""
BLOCKING: Final = codes_of(Fault.SOURCE_BLOCKS)
"""Those by which a host says that it does not want us."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What is known of a host for one shop, or for all. Times are UTC without a zone, from the database's clock.

    `shops` counts the shops whose fetches failed in a host's failures in a row; `origin` and `answered_for` are where and
    for which shop it answered last.
    """

    host: str
    shop_no: int
    failures: int = 0
    shops: int = 0
    code: FailureCode | None = None
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    deferred_since: datetime | None = None
    probe_at: datetime | None = None
    answered_at: datetime | None = None
    answered_for: int | None = None
    origin: str | None = None
    answer_seconds: float | None = None
    """The mean time of its fetches of late, as the worker saw it that wrote the last answer."""

    @property
    def key(self) -> RecordKey:
        """The record's key."""
        return self.host, self.shop_no

    @property
    def is_of_all_shops(self) -> bool:
        """Whether it is the host's record, not that of a shop there."""
        return self.shop_no == ALL_SHOPS

    @property
    def is_deferred(self) -> bool:
        """Whether images are deferred for it."""
        return self.deferred_since is not None


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """A failure of a source. `answered_at` is the host's last answer to the same worker, which may not be written yet."""

    source: Source
    code: FailureCode
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """An answer of a host for a shop, whatever it said of the image."""

    source: Source
    origin: str
    at: datetime
    seconds: float | None = None
    """The mean time of fetches from the source."""


R = TypeVar("R")
Records = Mapping[RecordKey, SourceRecord]
DecideSources = Callable[[Records, datetime], tuple[Sequence[SourceRecord], R]]
"""A pure decision over locked records at the database's time; returns the records to write, and a result."""


def keys_of(source: Source) -> tuple[RecordKey, RecordKey]:
    """Return the keys of the host's record and of the shop's."""
    shop, host = source
    return (host, ALL_SHOPS), (host, shop)


def after_failure(records: Records, failure: SourceFailure, now: datetime) -> tuple[SourceRecord, SourceRecord]:
    """Return the records of the host and of the shop after one more failure; one of them may be deferred from now on."""
    of_all, of_shop = keys_of(failure.source)
    host = _fresh(records.get(of_all) or SourceRecord(*of_all), failure)
    shop = _fresh(records.get(of_shop) or SourceRecord(*of_shop), failure)
    known_shop = shop.failed_at is not None and host.failing_since is not None and shop.failed_at >= host.failing_since
    host, shop = _failed(host, failure.code, now), _failed(shop, failure.code, now)
    host = replace(host, shops=host.shops + (not known_shop))
    if host.is_deferred or shop.is_deferred:
        return host, shop
    if host.failures >= FAILURES_IN_A_ROW and (failure.code in OF_THE_HOST or host.shops >= SHOPS_OF_A_HOST):
        return _deferred(host, now), shop
    if shop.failures >= FAILURES_IN_A_ROW:
        return host, _deferred(shop, now)
    return host, shop


def after_answer(records: Records, answer: SourceAnswer) -> list[SourceRecord]:
    """Return the records that an answer changes: the host's, and the shops' whose failures and deferral it ends.

    Those are all shops of a host that was deferred for all, else the one shop that was answered.
    """
    of_all, of_shop = keys_of(answer.source)
    host = records.get(of_all)
    at = answer.at if host is None or host.answered_at is None else max(host.answered_at, answer.at)
    seconds = answer.seconds if answer.seconds is not None or host is None else host.answer_seconds
    after = SourceRecord(*of_all, answered_at=at, answered_for=answer.source[0], origin=answer.origin, answer_seconds=seconds)
    if host is not None and host.is_deferred:
        ended = [key for key in records if key[0] == of_all[0] and key[1] != ALL_SHOPS]
    else:
        ended = [of_shop] if of_shop in records else []
    return [after, *(SourceRecord(*key) for key in ended)]


def after_claim(record: SourceRecord | None, now: datetime) -> SourceRecord | None:
    """Return a deferred record whose probe is due, with the time of the next one; None where there is nothing to claim."""
    if record is None or not record.is_deferred or (record.probe_at is not None and record.probe_at > now):
        return None
    return replace(record, probe_at=now + PROBE_AFTER)


def deferral(records: Records, source: Source) -> SourceRecord | None:
    """Return the record that defers the source's images, None where they may be fetched."""
    for key in keys_of(source):
        record = records.get(key)
        if record is not None and record.is_deferred:
            return record
    return None


def is_worth_writing(records: Records, answer: SourceAnswer) -> bool:
    """Return whether an answer must be written: it ends failures, or the last one known is old."""
    of_all, of_shop = keys_of(answer.source)
    host, shop = records.get(of_all), records.get(of_shop)
    if shop is not None and (shop.failures or shop.is_deferred):
        return True
    if host is None or host.answered_at is None or host.failures or host.is_deferred:
        return True
    return answer.at - host.answered_at >= ANSWER_KEPT


def _fresh(record: SourceRecord, failure: SourceFailure) -> SourceRecord:
    """Return the record without failures that an answer not yet written has ended."""
    answered, failed = failure.answered_at, record.failed_at
    if record.is_deferred or answered is None or failed is None or answered < failed:
        return record
    return replace(record, failures=0, shops=0, code=None, failing_since=None, failed_at=None)


def _failed(record: SourceRecord, code: FailureCode, now: datetime) -> SourceRecord:
    return replace(record, failures=record.failures + 1, code=code, failing_since=record.failing_since or now, failed_at=now)


def _deferred(record: SourceRecord, now: datetime) -> SourceRecord:
    return replace(record, deferred_since=now, probe_at=now + PROBE_AFTER)
