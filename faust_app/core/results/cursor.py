"""Where a reader of the feed stands, as a text that only this installation can make: 32 characters, opaque to the reader."""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum
from typing import Final

LATEST: Final = "latest"
"""Stands for the cursor behind the newest result."""
CHARACTERS: Final = 32
_FORMAT: Final = 1
_TAG_BYTES: Final = 4
_POSITION_BYTES: Final = 8
_SEAL_BYTES: Final = 8
_SUM_BYTES: Final = 3
_MAX_POSITION: Final = 2**63 - 1


class CursorProblem(StrEnum):
    """Why a text is no cursor, as the reason of its field."""

    INVALID = "must be the `next` of an answer before, unchanged, or `latest`"
    FOREIGN = "is of another installation; begin without `after`, or with `latest`"


def cursor_of(position: int, installation: str) -> str:
    """Return the cursor behind the result at this position, 0 for the beginning, in the installation with this id."""
    place = bytes([_FORMAT]) + _tag(installation) + position.to_bytes(_POSITION_BYTES, "big")
    sealed = place + _seal(place, installation)
    return base64.urlsafe_b64encode(sealed + _sum(sealed)).decode()


def read_cursor(text: str, installation: str) -> int | CursorProblem:
    """Return the position of a cursor, or why it is none of this installation.

    The sum finds what was changed on its way before it is taken for another installation's; the seal, which is keyed by the
    installation's id, finds what was made by somebody else.
    """
    if len(text) != CHARACTERS or not text.isascii():
        return CursorProblem.INVALID
    try:
        read = base64.b64decode(text, altchars=b"-_", validate=True)
    except binascii.Error:
        return CursorProblem.INVALID
    sealed = read[:-_SUM_BYTES]
    place, seal = sealed[:-_SEAL_BYTES], sealed[-_SEAL_BYTES:]
    if _sum(sealed) != read[-_SUM_BYTES:] or place[0] != _FORMAT:
        return CursorProblem.INVALID
    if place[1 : 1 + _TAG_BYTES] != _tag(installation):
        return CursorProblem.FOREIGN
    position = int.from_bytes(place[-_POSITION_BYTES:], "big")
    if not hmac.compare_digest(seal, _seal(place, installation)) or position > _MAX_POSITION:
        return CursorProblem.INVALID
    return position


def _tag(installation: str) -> bytes:
    return hashlib.sha256(installation.encode()).digest()[:_TAG_BYTES]


def _seal(place: bytes, installation: str) -> bytes:
    return hmac.digest(installation.encode(), place, "sha256")[:_SEAL_BYTES]


def _sum(sealed: bytes) -> bytes:
    return hashlib.sha256(sealed).digest()[:_SUM_BYTES]
