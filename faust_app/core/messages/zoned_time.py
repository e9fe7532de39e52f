"""A time in a request: text with a zone. A number, which pydantic would take for seconds since 1970, is refused."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

_EXAMPLE: Final = "2026-03-01T12:00:00Z"
NOT_A_TIME: Final = f"must be a time with a zone, like {_EXAMPLE}"
"""The reason for text that is no time."""


def _written_out(value: Any) -> Any:
    if not isinstance(value, str | datetime) or (isinstance(value, str) and "T" not in value.upper() and " " not in value.strip()):
        raise ValueError(NOT_A_TIME)
    return value


def _zoned(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"needs a time zone, like {_EXAMPLE}")
    return at


ZonedTime = Annotated[datetime, BeforeValidator(_written_out), AfterValidator(_zoned), Field(strict=False)]
