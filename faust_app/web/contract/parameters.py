"""The parameters of lists, and how they are read."""

from typing import Final

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


LIMIT: Final = Parameter("limit", limit_of, {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}, "Most entries of the page.")
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
BEFORE: Final = Parameter("before", number_of, _NUMBER, "The `next` of the page before.")
AFTER: Final = Parameter("after", number_of, _NUMBER, "The `next` of the page before.")
