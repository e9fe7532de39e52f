"""A record as it came from a topic, and what it says once parsed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import ValidationError

from faust_app.core.foreign import one_line
from faust_app.core.messages.events import EVENTS, ImageEvent, ImageRequest
from faust_app.core.messages.field_errors import problems
from faust_app.core.messages.strict_json import NotStrict, check_strict

SENDER_HEADER: Final = "sender"
M = TypeVar("M", ImageEvent, ImageRequest)


@dataclass(frozen=True, slots=True)
class Record:
    """A record's raw bytes and where it stood; `timestamp` in milliseconds since 1970, UTC.

    `sender` is the text of its header of this name, by which the producers of one topic can be told apart.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    sender: str | None = None


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


def sender_of(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """Return what the header `sender` says; None without one."""
    return next((value.decode(errors="replace") for name, value in headers if name == SENDER_HEADER and value), None)


def parse_event(record: Record) -> ImageEvent | Unparseable:
    """Read one of our own records, in milliseconds whatever it holds."""
    return _parsed(EVENTS.validate_json, record)


def parse_request(record: Record) -> ImageRequest | Unparseable:
    """Read a record of the entry point `requests`, in milliseconds whatever it holds."""
    return _parsed(ImageRequest.model_validate_json, record)


def _parsed(validate: Callable[[bytes], M], record: Record) -> M | Unparseable:
    value = record.value or b""
    try:
        check_strict(value)
        return validate(value)
    except NotStrict as problem:
        return Unparseable(f"The record {problem}.")
    except ValidationError as error:
        wrong = "; ".join(f"{field}: {reason}" for field, reason in problems(error))
        return Unparseable(one_line(f"The record has wrong fields. {wrong}."))
