"""Where an image ends: each format's own end mark or length. What stands behind it is no part of the image, and no harm."""

import re
from typing import Final

_MOST_SEGMENTS: Final = 4096
"""Segments of a JPEG header that are walked, a millisecond or two; behind them any end mark is taken for the image's."""
_JPEG_WITHOUT_LENGTH: Final = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_BOX_HEADER: Final = 8
_LARGE_BOX_HEADER: Final = 16
_BOX_NAME: Final = re.compile(rb"[A-Za-z0-9]{4}")
_PNG_CHUNK: Final = 12


def is_whole(content: bytes, form: str) -> bool:
    """Return whether the end of the image is there. A GIF is judged by `gif_extent`, which walks through all of it."""
    match form:
        case "JPEG":
            return _jpeg_is_whole(content)
        case "PNG":
            return _png_is_whole(content)
        case "WEBP":
            return int.from_bytes(content[4:8], "little") + 8 <= len(content)
        case "AVIF":
            return _avif_is_whole(content)
        case _:
            return True


def _jpeg_is_whole(content: bytes) -> bool:
    """Look for the end mark behind the start of the picture's data: a thumbnail in the header has an end mark of its own."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        at = content.find(b"\xff", at)
        if at < 0 or at + 4 > len(content):
            return False
        marker = content[at + 1]
        if marker == 0xDA:  # noqa: PLR2004 - start of scan; in its data 0xFF is always followed by something else
            return content.endswith(b"\xff\xd9", at) or content.find(b"\xff\xd9", at) >= 0  # most end with it; a search is slow
        if marker == 0xFF:  # noqa: PLR2004 - a byte of padding
            at += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4])
    return content.rfind(b"\xff\xd9") >= 0


def _png_is_whole(content: bytes) -> bool:
    """Walk from chunk to chunk to IEND (PNG specification, 5.3)."""
    at = 8
    while at + _PNG_CHUNK <= len(content):
        if content[at + 4 : at + 8] == b"IEND":
            return True
        at += _PNG_CHUNK + int.from_bytes(content[at : at + 4])
    return False


def _avif_is_whole(content: bytes) -> bool:
    """Walk over the top-level boxes (ISO/IEC 14496-12, 4.2): those that describe the image and those that hold its data.

    What begins like no box, behind both, is not the image's. Pictures may lie in `idat` inside of `meta` instead of `mdat`.
    """
    at, described, held = 0, False, False
    while at + _BOX_HEADER <= len(content):
        size, name = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + _LARGE_BOX_HEADER])
        end = len(content) if size == 0 else at + size
        if not _BOX_NAME.fullmatch(name) or end < at + _BOX_HEADER or end > len(content):
            break
        described = described or name in {b"meta", b"moov"}
        held = held or name == b"mdat" or (name == b"meta" and b"idat" in content[at:end])
        at = end
    return described and held
