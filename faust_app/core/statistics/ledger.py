"""What one line of an image's history counts as."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a line counts as: the figures that open a list of their images."""

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


class Fault(StrEnum):
    """Whose fault a failed fetch was."""

    SHOP = "shop"  #: the address, the file, or the record that the shop sent
    SOURCE = "source"  #: the server that the image comes from
    OURS = "ours"  #: the platform's


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One counted outcome of an image. `at` is UTC without a zone; `cursor` is what the list goes on behind."""

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
