"""Doing what the plan says: fetch the source, look at the bytes, put them into storage."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.slot_limit import SlotLimit
from faust_app.core.failure import FailureCode, Transient
from faust_app.core.images.objects import object_key
from faust_app.core.images.outcome import Kept, Stored
from faust_app.core.images.plan import Store
from faust_app.core.images.row import ImageRow, Origin, Shown
from faust_app.core.sources.content import Fetched, NotModified
from faust_app.flows.images.deadline import Deadline, Wait
from faust_app.flows.ports.transfer import Fetcher, ImageCheck, ObjectStore
from faust_app.metrics import Metrics

_IN_THREAD: Final = 256 * 1024
"""Bytes from which stripping and hashing leave the event loop: above it the loop would stand still for milliseconds."""


class Transfer:
    """Stores one image. Raises Permanent, Transient or Unavailable, also when its deadline strikes."""

    def __init__(
        self, fetcher: Fetcher, check: ImageCheck, store: ObjectStore, pace: SourcePace, metrics: Metrics, *, slots: SlotLimit,
        strip: Callable[[bytes], bytes] | None = None,
    ) -> None:  # fmt: skip
        self._fetcher = fetcher
        self._pace = pace
        self._slots = slots
        self._check = check
        self._store = store
        self._strip = strip
        self._metrics = metrics

    async def store(self, plan: Store, deadline: Deadline, fetched: Callable[[], None]) -> Stored | Kept:
        """Bring the source's bytes into storage, or find that they are there already; call `fetched` when the source is done with."""
        answer = await self._fetch(plan, deadline, fetched)
        shown = plan.row.shown
        if isinstance(answer, NotModified):
            if shown is None:
                raise Transient(FailureCode.SOURCE_ERROR, "The source answered 304 to a request without a condition.")
            return Kept(plan.row, replace(shown, version=plan.row.version), transferred=False)
        self._metrics.fetched_bytes.inc(len(answer.content))
        answer, digest = await self._prepared(answer)
        if shown is not None and shown.sha256 == digest and plan.row.origin is Origin.SHOP:  # its object may be what is missing
            kept = replace(shown, version=plan.row.version, url=plan.url, validators=answer.validators)
            return Kept(plan.row, kept, transferred=True)
        return await self._put(plan.row, plan.url, answer, digest, deadline)

    async def _fetch(self, plan: Store, deadline: Deadline, fetched: Callable[[], None]) -> Fetched | NotModified:
        source, clock = (plan.row.shop_no, plan.row.source_host or ""), asyncio.get_running_loop().time
        started = clock()
        self._pace.fetching(source, started)
        try:
            with deadline.during(Wait.SOURCE):
                return await self._fetcher.fetch(plan.url, plan.validators)
        finally:
            ended = clock()
            self._metrics.step["fetch"].observe(ended - started)
            self._pace.fetched(source, started, ended)
            fetched()

    async def _prepared(self, answer: Fetched) -> tuple[Fetched, bytes]:
        """Return what is stored, and its SHA-256: of the same file it is the same, so that it is not stored twice."""
        if len(answer.content) < _IN_THREAD:
            return _digested(answer, self._strip)
        return await asyncio.to_thread(_digested, answer, self._strip)

    async def _put(self, row: ImageRow, url: str, answer: Fetched, digest: bytes, deadline: Deadline) -> Stored:
        with self._metrics.step["check"].time():
            facts = await self._check.check(answer.content)
        sha256 = digest.hex()
        key = object_key(row.shop_no, row.image_id, row.version, sha256, facts.extension)
        metadata = {"shop-no": str(row.shop_no), "image-id": quote(row.image_id, safe="")}
        with deadline.during(Wait.STORAGE):
            await self._timed_put(key, answer.content, content_type=facts.content_type, sha256=sha256, metadata=metadata)
        self._metrics.stored_bytes.inc(len(answer.content))
        size = len(answer.content)
        shown = Shown(row.version, key, url, digest, size, facts.content_type, facts.width, facts.height, answer.validators)
        return Stored(row, shown)

    async def _timed_put(self, key: str, content: bytes, *, content_type: str, sha256: str, metadata: dict[str, str]) -> None:
        """Put the bytes; how long that takes is what the number of slots depends on."""
        clock = asyncio.get_running_loop().time
        began, stored = clock(), False
        self._slots.put_began(began)
        try:
            await self._store.put(key, content, content_type=content_type, sha256=sha256, metadata=metadata)
            stored = True
        finally:
            ended = clock()
            self._slots.put_ended(began, ended, stored=stored)
            self._metrics.step["put"].observe(ended - began)


def _digested(answer: Fetched, strip: Callable[[bytes], bytes] | None) -> tuple[Fetched, bytes]:
    if strip is not None:
        answer = replace(answer, content=strip(answer.content))
    return answer, hashlib.sha256(answer.content).digest()
