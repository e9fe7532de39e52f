"""The lines of the history that a shop's figures count, as lists of images."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from faust_app.core.results.result import Fault

__all__ = ["Fault", "Kind", "LedgerEntry", "Position"]


class Kind(StrEnum):
    """The figures that open a list of their images."""

    REGISTERED = "registered"
    UPDATED = "updated"
    DELETED = "deleted"
    REPAIRED = "repaired"
    FAILED = "failed"
    FAILED_SHOP = "failed_shop"
    FAILED_SOURCE = "failed_source"
    FAILED_OURS = "failed_ours"
    RETRIED = "retried"
    DEAD_LETTERED = "dead_lettered"
    RESCUED = "rescued"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list continues: after the line with this time (UTC without a zone) and cursor."""

    at: datetime
    cursor: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One counted outcome of an image. `at` is UTC without a zone; the list continues after its `cursor`."""

    cursor: int
    at: datetime
    image_id: bytes
    version: int
    outcome: str
    code: str | None
    bytes: int | None
    bytes_change: int
    took_ms: int | None
    product_id: str | None = None
    source_url: str | None = None
    product_name: str | None = None
