"""What was sent to an entry point and taken by none: who sent it, as far as it says so, and why it was refused."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from faust_app.core.foreign import one_line
from faust_app.core.messages.events import MAX_ID_BYTES, MAX_NUMBER
from faust_app.core.messages.record import Record

SHOWN_BYTES: Final = 1000
"""Bytes of a rejected record that are kept, from its beginning; all of it is in its dead letter."""
_SENDER_CHARACTERS: Final = 120
_READABLE_BYTES: Final = 64 * 1024


class EntryPoint(StrEnum):
    """Where requests come in; `EVENTS` are the topics between intake and workers."""

    HTTP = "http"
    REQUESTS = "requests"
    IMPORT = "import"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A line of an import."""

    run: int
    line: int


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """Where a record stood, how many bytes it had, and the first of them."""

    topic: str
    partition: int
    offset: int
    size: int
    start: bytes


@dataclass(frozen=True, slots=True)
class Rejection:
    """One request that was refused. `field` is what is wrong, None where it is the whole; shop and image as far as they are known."""

    entry_point: EntryPoint
    reason: str
    field: str | None = None
    shop_no: int | None = None
    image_id: str | None = None
    sender: str | None = None
    place: ImportLine | RejectedRecord | None = None


@dataclass(frozen=True, slots=True)
class KeptRejection:
    """A rejection as it is kept, by its number; `at` in UTC."""

    number: int
    at: datetime
    rejection: Rejection


def rejected_record(record: Record, detail: str, entry_point: EntryPoint) -> Rejection:
    """Return the rejection of a record, with the names that can be read from it although it follows no contract."""
    value = record.value or b""
    names = names_in(record)
    return Rejection(
        entry_point,
        one_line(detail),
        shop_no=names.shop_no,
        image_id=names.image_id,
        sender=one_line(record.sender, _SENDER_CHARACTERS) if record.sender else None,
        place=RejectedRecord(record.topic, record.partition, record.offset, len(value), value[:SHOWN_BYTES]),
    )


@dataclass(frozen=True, slots=True)
class Names:
    """What can be read of the names in a record that follows no contract; None where it cannot."""

    shop_no: int | None = None
    image_id: str | None = None
    product_id: str | None = None
    external_version: int | None = None
    correlation_id: str | None = None


def names_in(record: Record) -> Names:
    """Return the names that can be read from a record, in milliseconds whatever it holds."""
    value = record.value or b""
    if len(value) > _READABLE_BYTES:
        return Names()
    try:
        read: Any = json.loads(value)
    except (ValueError, RecursionError):
        return Names()
    if not isinstance(read, dict):
        return Names()
    numbers = (read.get(name) for name in ("shop_no", "external_version"))
    shop_no, external_version = (number if type(number) is int and 1 <= number <= MAX_NUMBER else None for number in numbers)
    texts = (read.get(name) for name in ("image_id", "product_id", "correlation_id"))
    image_id, product_id, correlation_id = (text if isinstance(text, str) and _is_storable(text) else None for text in texts)
    return Names(shop_no, image_id, product_id, external_version, correlation_id)


def _is_storable(text: str) -> bool:
    try:
        return text.isprintable() and 1 <= len(text.encode()) <= MAX_ID_BYTES
    except UnicodeEncodeError:  # a lone surrogate, which JSON may name
        return False
