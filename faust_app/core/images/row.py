"""The row of an image: the truth about its state."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.messages.events import ImageEvent, LastError, Op
from faust_app.core.messages.positions import Position
from faust_app.core.messages.source_url import UrlError, parse_url
from faust_app.core.sources.content import NO_VALIDATORS, Validators

FETCHED_AGAIN_AFTER: Final = timedelta(seconds=2)
"""Minimum delay between a finished fetch and the next fetch of a repeated request."""

ImageKey = tuple[int, bytes]
"""Shop number and the image id's bytes; sorts the way rows are locked."""


class ImageState(StrEnum):
    """The state of an image."""

    IN_PROGRESS = "IN_PROGRESS"  #: accepted, not finished
    DONE = "DONE"  #: the wanted version is shown and its object exists
    FAILED = "FAILED"  #: needs a person; what was shown before stays shown
    DELETED = "DELETED"  #: tombstone: an old message cannot bring the image back


class ScheduleReason(StrEnum):
    """Why a row is scheduled."""

    UNSENT = "unsent"  #: accepted, its event is not yet acknowledged by Kafka
    RETRY = "retry"  #: failed, and tried again when due
    DEFERRED = "deferred"  #: its source, or our own code, is given time; nothing is counted against the image
    RESCUED = "rescued"  #: its event left no outcome; it is published again
    RUNNING = "running"  #: a worker is at it for long; published again by its time, should that worker die
    REPUBLISHED = "republished"  #: is to be fetched once more though it had its outcome
    DISPATCHED = "dispatched"  #: was deferred; its event is under way but not yet acknowledged by Kafka


class Origin(StrEnum):
    """On whose behalf the wanted version was begun."""

    SHOP = "shop"  #: a request asked for it
    REPAIR = "repair"  #: an operator has it fetched once more
    PLATFORM = "platform"  #: its object was missing, and `recover` has it fetched once more


@dataclass(frozen=True, slots=True)
class Shown:
    """What visitors of the shop see: the stored object and what it was made from."""

    version: int
    object_key: str
    url: str
    sha256: bytes
    size: int
    content_type: str
    width: int
    height: int
    validators: Validators = NO_VALIDATORS


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One row of the table `image`. Times are UTC without a zone, from the database's clock."""

    shop_no: int
    image_id: bytes
    version: int
    op: Op
    requested_at: datetime
    state: ImageState
    source_url: str | None = None
    source_host: str | None = None
    product_id: str | None = None
    external_version: int | None = None
    correlation_id: str | None = None
    attempt: int = 0
    rescues: int = 0
    scheduled_at: datetime | None = None
    schedule_reason: ScheduleReason | None = None
    error_code: str | None = None
    error_detail: str | None = None
    fingerprint: str | None = None
    open_since: datetime | None = None
    position: Position | None = None
    shown_version: int = 0
    shown: Shown | None = None
    updated_at: datetime | None = None
    origin: Origin = Origin.SHOP
    refetched: bool = False
    """It was DONE, and an operator has it fetched once more: should that fail, it is DONE again."""
    republishes: int = 0
    """How often an operator republished it since it was last stored, or last asked for."""
    judged_by: str | None = None
    """The release that wrote the last outcome."""
    product_name: str | None = None
    sku: str | None = None
    """Name and stock-keeping unit are labels for the shop's people: a change of them alone fetches nothing."""

    @property
    def key(self) -> ImageKey:
        """The row's key."""
        return self.shop_no, self.image_id


def source_host(url: str) -> str:
    """Return the host that an address is fetched from, with a port of its own; at most 255 characters, none for no address."""
    try:
        return parse_url(url).authority[:255]
    except UrlError:
        return ""


def source_origin(url: str) -> str:
    """Return scheme, host and port of a valid source URL, without the path that may carry a secret."""
    parts = parse_url(url)
    return f"{parts.scheme}://{parts.authority}/"


def event_of(row: ImageRow) -> ImageEvent:
    """Return the event that wakes a worker for the row's version, with the row's attempt as its retry count."""
    last_error = None
    if row.attempt and row.error_code and row.updated_at:
        last_error = LastError(code=row.error_code, detail=row.error_detail or "", at=row.updated_at)
    return ImageEvent(
        op=row.op,
        shop_no=row.shop_no,
        image_id=row.image_id.decode(),
        version=row.version,
        retry_count=row.attempt,
        requested_at=row.requested_at,
        product_id=row.product_id,
        source_url=row.source_url,
        external_version=row.external_version,
        correlation_id=row.correlation_id,
        last_error=last_error,
        origin=None if row.origin is Origin.SHOP else row.origin.value,
    )
