"""The row of an image: the truth about where it stands, and the key its bytes are stored under."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.messages.events import ImageEvent, LastError, Op
from faust_app.core.messages.source_url import UrlError, parse_url
from faust_app.core.sources.content import NO_VALIDATORS, Validators

FETCHED_AGAIN_AFTER: Final = timedelta(seconds=2)
"""How long after the fetch before it a repeated request is fetched for."""

ImageKey = tuple[int, bytes]
"""Shop number and the image id's bytes; sorts the way rows are locked."""


class ImageState(StrEnum):
    """Where an image stands."""

    IN_PROGRESS = "IN_PROGRESS"  #: accepted, not finished
    DONE = "DONE"  #: the wanted version is shown and its object exists
    FAILED = "FAILED"  #: needs a person; what was shown before stays shown
    DELETED = "DELETED"  #: tombstone: an old message cannot bring the image back


class WakeReason(StrEnum):
    """Why a row waits for its time."""

    UNSENT = "unsent"  #: accepted, its event is not yet acknowledged by Kafka
    RETRY = "retry"  #: failed, and tried again when due
    PARKED = "parked"  #: its source, or our own code, is given time; nothing is counted against the image
    RESCUED = "rescued"  #: its event left no outcome; it is published again
    RUNNING = "running"  #: a worker is at it for long; published again by its time, should that worker die
    REPUBLISHED = "republished"  #: is to be fetched once more though it had its outcome
    WOKEN = "woken"  #: was parked; its event is under way but not yet acknowledged by Kafka


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row's event stands in Kafka."""

    topic: str
    partition: int
    offset: int


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
    wake_at: datetime | None = None
    wake_reason: WakeReason | None = None
    error_code: str | None = None
    error_detail: str | None = None
    fingerprint: str | None = None
    open_since: datetime | None = None
    position: Position | None = None
    shown_version: int = 0
    shown: Shown | None = None
    updated_at: datetime | None = None

    @property
    def key(self) -> ImageKey:
        """The row's key."""
        return self.shop_no, self.image_id


def placeholder(key: ImageKey, now: datetime) -> ImageRow:
    """Return the row of an image that was never heard of: version 0, below every version that is ever given."""
    return ImageRow(*key, 0, Op.REGISTER, now, ImageState.IN_PROGRESS)


def begun_anew(row: ImageRow, *, version: int, open_since: datetime, wake_at: datetime, reason: WakeReason) -> ImageRow:
    """Return the row at a new version, with nothing left of how the one before it went."""
    return replace(
        row,
        version=version,
        state=ImageState.IN_PROGRESS,
        attempt=0,
        rescues=0,
        error_code=None,
        error_detail=None,
        fingerprint=None,
        position=None,
        open_since=open_since,
        wake_at=wake_at,
        wake_reason=reason,
    )


def next_version(version: int, now: datetime) -> int:
    """Return a version never given before: above the row's, and never below the clock, not even after a lost row."""
    return max(version + 1, int(now.replace(tzinfo=UTC).timestamp() * 1_000_000))


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


OBJECTS: Final = "shops/"
"""What every object key begins with."""
FOLDER_DIGITS: Final = 20
"""Hexadecimal digits of the image id's SHA-256 in its folder's name."""


def image_prefix(shop_no: int, image_id: bytes) -> str:
    """Return what every object key of the image begins with: our numbers and hashes only, never a sender's text."""
    return f"{OBJECTS}{shop_no}/{hashlib.sha256(image_id).hexdigest()[:FOLDER_DIGITS]}/"


_CONTENT_DIGITS: Final = 16


def object_key(shop_no: int, image_id: bytes, version: int, sha256_hex: str, extension: str) -> str:
    """Return the key of one version's bytes. It is never written with other bytes: the content is part of it."""
    return f"{image_prefix(shop_no, image_id)}{version}-{sha256_hex[:_CONTENT_DIGITS]}.{extension}"


def version_of(key: str) -> int | None:
    """Return the version an object key was made for, None where it is not one of our keys."""
    digits, dash, _ = key.rpartition("/")[2].partition("-")
    return int(digits) if dash and digits.isdecimal() else None


Folder = tuple[int, str]
"""Shop number and the digits that an image's objects have in common."""


def folder_of(key: str) -> Folder | None:
    """Return the folder an object key lies in, None where it is not one of our keys."""
    parts = key.split("/")
    if len(parts) != 4 or f"{parts[0]}/" != OBJECTS or not parts[1].isdecimal():  # noqa: PLR2004 - shops, shop, image, object
        return None
    return int(parts[1]), parts[2]


def folder(row: ImageRow) -> Folder:
    """Return the folder of the row's objects."""
    return row.shop_no, hashlib.sha256(row.image_id).hexdigest()[:FOLDER_DIGITS]


def event_of(row: ImageRow) -> ImageEvent:
    """Return the event that wakes a worker for the row's version, with the row's attempt as its retry count."""
    last_error = None
    if row.attempt and row.error_code and row.updated_at:
        last_error = LastError(code=row.error_code, detail=row.error_detail or "", at=row.updated_at)
    return ImageEvent.model_construct(
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
    )
