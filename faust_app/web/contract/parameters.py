"""The parameters of lists, and how they are read."""

from datetime import UTC, datetime
from typing import Final

from faust_app.core.messages.zoned_time import NOT_A_TIME
from faust_app.web.contract.operation import Parameter

MAX_PAGE: Final = 1000
"""Most entries of a page of a list."""
_DIGITS: Final = 15


def number_of(text: str) -> int:
    """Read a number of at most 15 digits. Raises ValueError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise ValueError("must be a number")
    return int(text)


def limit_of(text: str) -> int:
    """Read how many entries a page has. Raises ValueError."""
    number = number_of(text)
    if not 1 <= number <= MAX_PAGE:
        raise ValueError(f"must be a number from 1 to {MAX_PAGE}")
    return number


def time_of(text: str) -> datetime:
    """Read a time with a zone, and return it in UTC without one. Raises ValueError."""
    wrong = ValueError(NOT_A_TIME)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise wrong
        return moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise wrong from None


def time_parameter(name: str, description: str) -> Parameter:
    """Return a parameter that is a time."""
    return Parameter(name, time_of, {"type": "string", "format": "date-time"}, description)


def printable_parameter(name: str, longest: int, description: str, *, required: bool = False) -> Parameter:
    """Return a parameter that is a text of 1 to `longest` printable characters."""

    def read(text: str) -> str:
        if not 1 <= len(text) <= longest or not text.isprintable():
            raise ValueError(f"must be 1 to {longest} printable characters")
        return text

    return Parameter(name, read, {"type": "string", "minLength": 1, "maxLength": longest}, description, required)


LIMIT: Final = Parameter("limit", limit_of, {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}, "Most entries of the page.")
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
BEFORE: Final = Parameter("before", number_of, _NUMBER, "The `next` of the page before.")
AFTER: Final = Parameter("after", number_of, _NUMBER, "The `next` of the page before.")
