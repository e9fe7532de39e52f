"""The five formats as bytes: how each begins and how far it reaches. Reads bytes only, never allocates for them."""

import struct
from dataclasses import dataclass
from typing import Final

from faust_app.core.failure import FailureCode, Permanent

FACTS: Final = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "GIF": ("image/gif", "gif"),
    "WEBP": ("image/webp", "webp"),
    "AVIF": ("image/avif", "avif"),
}
"""Content type and extension of what we store."""

NAMES: Final = {"JPEG": "JPEG", "PNG": "PNG", "GIF": "GIF", "WEBP": "WebP", "AVIF": "AVIF"}
"""The formats as people write them."""

_AVIF_BRANDS: Final = (b"avif", b"avis")
_HEIC_BRANDS: Final = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_OTHERS: Final = ((b"BM", "BMP"), (b"II*\x00", "TIFF"), (b"MM\x00*", "TIFF"), (b"%PDF", "PDF"), (b"\x00\x00\x01\x00", "ICO"))
_PAGES: Final = (b"<!doctype html", b"<html", b"<head", b"<body")
_LOOKED_AT: Final = 1024


def sniff(content: bytes) -> str:
    """Return the format by its first bytes. Raises Permanent where it is none of ours."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:8] == b"ftyp":
        return _sniff_iso_media(content)
    raise _other(content)


def _sniff_iso_media(content: bytes) -> str:
    size = min(max(int.from_bytes(content[:4]), 16), 512)
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, size, 4))]
    if any(brand in _AVIF_BRANDS for brand in brands):
        return "AVIF"
    if any(brand in _HEIC_BRANDS for brand in brands):
        raise Permanent(FailureCode.FORMAT_HEIC, "The file says that it is HEIC.")
    raise Permanent(FailureCode.FORMAT_NOT_SUPPORTED, "The file is another ISO media file.")


def _other(content: bytes) -> Permanent:
    for magic, name in _OTHERS:
        if content.startswith(magic):
            return Permanent(FailureCode.FORMAT_NOT_SUPPORTED, f"The file begins like a {name} file.")
    head = content[:_LOOKED_AT].lower()
    page = any(mark in head for mark in _PAGES)
    if b"<svg" in head and not page:
        return Permanent(FailureCode.FORMAT_SVG, "The file is an SVG drawing.")
    return Permanent(FailureCode.NOT_AN_IMAGE, "The file is a web page." if page else "The first bytes are those of no image format.")


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an image reaches; `ended` says whether its data end where they should, as far as their walk can tell."""

    width: int
    height: int
    frames: int
    ended: bool = True


def gif_extent(content: bytes, most: int) -> Extent:
    """Return how far a GIF reaches, counting frames no further than one past `most`. Raises Permanent.

    A frame may reach beyond the announced size, and decoders grow for it. The data of a frame end with an empty block; the
    trailer behind the last one is missing in many files, and ends nothing but the file. Source: GIF89a specification,
    sections 18 to 23.
    """
    try:
        width, height, flags = struct.unpack_from("<HHB", content, 6)
        at, frames = 13 + _color_table(flags), 0
        while frames <= most and at < len(content) and content[at] != 0x3B:  # noqa: PLR2004 - the trailer
            if content[at] == 0x2C:  # noqa: PLR2004 - an image
                left, top, wide, high, flags = struct.unpack_from("<HHHHB", content, at + 1)
                if not wide or not high:
                    raise Permanent(FailureCode.IMAGE_BROKEN, f"A frame of the GIF is {wide} x {high} pixels.")
                width, height, frames = max(width, left + wide), max(height, top + high), frames + 1
                at = _behind_blocks(content, at + 11 + _color_table(flags))
            elif content[at] == 0x21:  # noqa: PLR2004 - an extension
                at = _behind_blocks(content, at + 2)
            else:
                at += 1
    except struct.error as error:
        raise Permanent(FailureCode.TRUNCATED, "The GIF ends in a header.") from error
    return Extent(width, height, frames, ended=frames > 0 and at <= len(content))


def _color_table(flags: int) -> int:
    """Return the bytes of the color table that the flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(content: bytes, at: int) -> int:
    """Return where a chain of data blocks ends; past the content where its end is missing."""
    while at < len(content) and content[at]:
        at += content[at] + 1
    return at + 1


def webp_extent(content: bytes, _most: int) -> Extent:
    """Return the canvas of a WebP, as one frame. Raises Permanent.

    Source: WebP container specification (VP8X), RFC 6386 9.1 (VP8) and the lossless bitstream specification (VP8L).
    """
    kind, head = content[12:16], content[20:30]
    if len(head) < 10:  # noqa: PLR2004 - the longest of the three
        raise Permanent(FailureCode.TRUNCATED, "The WebP ends in its header.")
    match kind:
        case b"VP8X":
            return Extent(int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1, 1)
        case b"VP8 ":
            return Extent(int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF, 1)
        case b"VP8L":
            bits = int.from_bytes(head[1:5], "little")
            return Extent((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 1)
        case _:
            raise Permanent(FailureCode.IMAGE_BROKEN, "The WebP holds no image.")
