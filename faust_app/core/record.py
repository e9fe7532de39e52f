"""A record as it came from a topic, and what it says once parsed."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from faust_app.core.events import ImageEvent, ImageRequest, problems


@dataclass(frozen=True, slots=True)
class Record:
    """A record's raw bytes and where it stood; `timestamp` in milliseconds since 1970, UTC."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Message:
    """A record to publish; without a key it takes any partition."""

    topic: str
    value: bytes
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True, slots=True)
class Unparseable:
    """The record does not follow the contract; `detail` names the fields, never their values."""

    detail: str


def parse_event(record: Record) -> ImageEvent | Unparseable:
    """Read one of our own records."""
    try:
        return ImageEvent.model_validate_json(record.value or b"")
    except ValidationError as error:
        return _unparseable(error)


def parse_request(record: Record) -> ImageRequest | Unparseable:
    """Read a record of the open door `requests`."""
    try:
        return ImageRequest.model_validate_json(record.value or b"")
    except ValidationError as error:
        return _unparseable(error)


def _unparseable(error: ValidationError) -> Unparseable:
    return Unparseable("; ".join(f"{field}: {reason}" for field, reason in problems(error))[:500])
