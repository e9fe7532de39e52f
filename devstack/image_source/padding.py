"""Pad an encoded picture to a size with a comment of its format: it stays a valid picture."""

from __future__ import annotations

import struct
import zlib

JPEG_SEGMENT = 65_533
GIF_BLOCK = 255


def padded(picture: bytes, kind: str, size: int) -> bytes:
    """Return `picture` (of `kind` jpg, png, gif, webp or avif) padded to `size` bytes.

    The result is exact to a few bytes; a picture that is already that large is returned unchanged.
    """
    missing = size - len(picture)
    return PADDERS[kind](picture, missing) if missing > 0 else picture


def jpeg_comment(text: bytes) -> bytes:
    """Return a JPEG comment segment that holds `text`, at most 65,533 bytes."""
    return b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text


def _jpeg(picture: bytes, missing: int) -> bytes:
    segments = []
    while missing >= 4:  # noqa: PLR2004 - the size of an empty segment
        length = min(missing - 4, JPEG_SEGMENT)
        segments.append(jpeg_comment(b" " * length))
        missing -= length + 4
    return picture[:2] + b"".join(segments) + picture[2:]


def _png(picture: bytes, missing: int) -> bytes:
    payload = b"Comment\0" + b" " * (missing - 20)
    checksum = zlib.crc32(b"tEXt" + payload)
    chunk = struct.pack(">I", len(payload)) + b"tEXt" + payload + struct.pack(">I", checksum)
    end = len(picture) - 12  # the IEND chunk stays last
    return picture[:end] + chunk + picture[end:]


def _gif(picture: bytes, missing: int) -> bytes:
    blocks = []
    missing -= 3  # two bytes that open the comment, one that closes it
    while missing >= 2:  # noqa: PLR2004 - the size of a block of one byte
        length = min(missing - 1, GIF_BLOCK)
        blocks.append(bytes([length]) + b" " * length)
        missing -= length + 1
    comment = b"\x21\xfe" + b"".join(blocks) + b"\0"
    return picture[:-1] + comment + picture[-1:]


def _webp(picture: bytes, missing: int) -> bytes:
    """Add metadata in the extended file format: a header chunk, the picture's own chunk, then the metadata."""
    width, height = struct.unpack("<HH", picture[26:30])
    canvas = struct.pack("<I", (width & 0x3FFF) - 1)[:3] + struct.pack("<I", (height & 0x3FFF) - 1)[:3]
    header = b"VP8X" + struct.pack("<I", 10) + b"\x04\0\0\0" + canvas
    length = max(missing - len(header) - 8, 0) & ~1
    metadata = b"XMP " + struct.pack("<I", length) + b" " * length
    body = b"WEBP" + header + picture[12:] + metadata
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _avif(picture: bytes, missing: int) -> bytes:
    """Add free space at the end, where it moves nothing that the file's offsets refer to."""
    length = max(missing, 8)
    return picture + struct.pack(">I", length) + b"free" + b" " * (length - 8)


PADDERS = {"jpg": _jpeg, "png": _png, "gif": _gif, "webp": _webp, "avif": _avif}
