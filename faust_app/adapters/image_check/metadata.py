"""Leaves out of a file what tells of its making and not of its picture: EXIF with positions, XMP, IPTC, comments, texts.

Nothing is decoded: segments and chunks are copied or left out, and with them what stands behind the image's end. Color
profiles stay, and an orientation other than upright is kept in an EXIF block that holds nothing else. A file that cannot
be walked is returned as it is; whether it is an image is told by the check. AVIF stays as it is: its metadata are items
that other boxes point to.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from faust_app.adapters.image_check.exif import UPRIGHT, only_orientation, orientation_of

_MOST_PARTS: Final = 20_000
_MOST_STEPS: Final = 200_000
"""Segments or chunks, and the steps between them, that are walked at most, some 50 ms: a photo has some twenty parts, its
data 0xFF every 600 bytes, and a GIF a block every 255."""
_EXIF: Final = b"Exif\x00\x00"
_ICC: Final = b"ICC_PROFILE\x00"


class _Unwalkable(Exception):  # noqa: N818 - no error: the file is left as it is
    """The file is not built as its format says, or of too many parts."""


def stripped(content: bytes) -> bytes:
    """Return the file without its metadata, or the file itself where it has none. The picture is the same, bit by bit."""
    strip = _stripper(content)
    if strip is None:
        return content
    try:
        return b"".join(strip(content))
    except (_Unwalkable, struct.error, IndexError, ValueError):
        return content


def _stripper(content: bytes) -> Callable[[bytes], Iterator[bytes]] | None:
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp
    return _gif if content.startswith((b"GIF87a", b"GIF89a")) else None


_JPEG_DATA: Final = frozenset({0x00, 0xFF, *range(0xD0, 0xD8)})
"""What follows 0xFF in the data of a scan, or in front of a marker: 0, the number of a restart, another 0xFF."""
_JPEG_KEPT: Final = frozenset({0xE0, 0xEE})
"""JFIF, and Adobe's, without which colors are read wrongly."""


def _jpeg(content: bytes) -> Iterator[bytes]:
    """Yield the parts of a JPEG that stay (ITU-T T.81, annex B)."""
    yield content[:2]
    at, oriented, left = 2, False, _MOST_STEPS
    for _ in range(_MOST_PARTS):
        start, left = _jpeg_marker(content, at, left)
        yield content[at : start - 1]
        marker = content[start]
        if marker == 0xD9:  # noqa: PLR2004 - the end of the image
            yield b"\xff\xd9"
            return
        if marker in {0x01, 0xD8}:  # markers without a length
            raise _Unwalkable
        at = start + 1 + int.from_bytes(content[start + 1 : start + 3])
        body = content[start + 3 : at]
        if at < start + 3 or at > len(content):
            raise _Unwalkable
        if marker == 0xE1 and body.startswith(_EXIF) and not oriented:  # noqa: PLR2004 - APP1
            oriented = True
            yield _exif_segment(orientation_of(body))
        elif not _says_jpeg(marker, body):
            yield b"\xff" + content[start:at]
    raise _Unwalkable


def _jpeg_marker(content: bytes, at: int, left: int) -> tuple[int, int]:
    """Return where the next marker stands, behind its 0xFF, and how many more steps may be walked."""
    while left:
        at = content.index(b"\xff", at) + 1
        if content[at] not in _JPEG_DATA:
            return at, left
        left -= 1
    raise _Unwalkable


def _says_jpeg(marker: int, body: bytes) -> bool:
    """Return whether a segment is metadata: a comment, or of an application, but for JFIF, Adobe and color profiles."""
    if marker == 0xFE:  # noqa: PLR2004 - COM
        return True
    return 0xE0 <= marker <= 0xEF and marker not in _JPEG_KEPT and not (marker == 0xE2 and body.startswith(_ICC))  # noqa: PLR2004 - APPn


def _exif_segment(orientation: int) -> bytes:
    if orientation == UPRIGHT:
        return b""
    exif = only_orientation(orientation)
    return b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif


_PNG_SAID: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME"})


def _png(content: bytes) -> Iterator[bytes]:
    """Yield the chunks of a PNG that stay (PNG specification, 5.3 and 11.3)."""
    yield content[:8]
    at = 8
    for _ in range(_MOST_PARTS):
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise _Unwalkable
        if name == b"eXIf":
            yield _exif_chunk(orientation_of(content[at + 8 : end - 4]))
        elif name not in _PNG_SAID:
            yield content[at:end]
        if name == b"IEND":
            return
        at = end
    raise _Unwalkable


def _exif_chunk(orientation: int) -> bytes:
    if orientation == UPRIGHT:
        return b""
    body = b"eXIf" + only_orientation(orientation).removeprefix(_EXIF)
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


_WEBP_EXIF_FLAG: Final = 0x08
_WEBP_XMP_FLAG: Final = 0x04


def _webp(content: bytes) -> Iterator[bytes]:
    """Yield a WebP anew of the chunks that stay (WebP container specification)."""
    end = int.from_bytes(content[4:8], "little") + 8
    if end > len(content):
        raise _Unwalkable
    chunks, at, exif = list[bytes](), 12, b""
    while at < end:
        if len(chunks) > _MOST_PARTS:
            raise _Unwalkable
        name, length = struct.unpack_from("<4sI", content, at)
        start, at = at, at + 8 + length + length % 2
        if at > end:
            raise _Unwalkable
        if name == b"EXIF":
            exif = _webp_exif(orientation_of(content[start + 8 : at]))
        elif name != b"XMP ":
            chunks.append(content[start:at])
    if chunks and chunks[0].startswith(b"VP8X"):
        flags = chunks[0][8] & ~_WEBP_XMP_FLAG & ~_WEBP_EXIF_FLAG | (_WEBP_EXIF_FLAG if exif else 0)
        chunks[0] = chunks[0][:8] + bytes([flags]) + chunks[0][9:]
    body = b"WEBP" + b"".join(chunks) + exif
    yield b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_exif(orientation: int) -> bytes:
    if orientation == UPRIGHT:
        return b""
    exif = only_orientation(orientation).removeprefix(_EXIF)
    return b"EXIF" + struct.pack("<I", len(exif)) + exif + bytes(len(exif) % 2)


def _gif(content: bytes) -> Iterator[bytes]:
    """Yield the blocks of a GIF that stay (GIF89a specification, sections 18 to 27)."""
    at, left = 13 + _color_table(content[10]), _MOST_STEPS
    yield content[:at]
    while content[at] != 0x3B:  # noqa: PLR2004 - the trailer
        start, kind = at, content[at]
        if kind == 0x2C:  # noqa: PLR2004 - an image
            data = at + 11 + _color_table(content[at + 9])
        elif kind == 0x21:  # noqa: PLR2004 - an extension
            data = at + 2
        else:
            raise _Unwalkable
        at, left = _behind_blocks(content, data, left)
        if not (kind == 0x21 and (content[start + 1] == 0xFE or content[start + 3 : start + 14] == b"XMP DataXMP")):  # noqa: PLR2004 - comment
            yield content[start:at]
    yield b";"


def _color_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(content: bytes, at: int, left: int) -> tuple[int, int]:
    """Return where a chain of data blocks ends, and how many more may be walked."""
    while content[at]:
        at, left = at + content[at] + 1, left - 1
        if not left:
            raise _Unwalkable
    return at + 1, left
