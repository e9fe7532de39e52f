"""Small files that harm a decoder that trusts them, for tests and benchmarks."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from functools import cache

from PIL import Image

_MEGABYTE = 1024 * 1024


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """Return a PNG that announces these sides in 8-bit RGB and has these bytes as its picture, whether they fit or not."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(pixels, 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def png_of_chunks(count: int) -> bytes:
    """Return a PNG of one pixel after `count` chunks of text, each of which inflates to a megabyte."""
    text = b"Comment\x00\x00" + zlib.compress(bytes(_MEGABYTE), 9)
    whole = png(1, 1, b"\x00" * 4)
    return whole[:33] + _chunk(b"zTXt", text) * count + whole[33:]


def animated_png(frames: int) -> bytes:
    """Return a PNG that announces `frames` frames and has one."""
    whole = png(1, 1, b"\x00" * 4)
    return whole[:33] + _chunk(b"acTL", struct.pack(">II", frames, 0)) + whole[33:]


def gif(frames: int, width: int = 1, height: int = 1) -> bytes:
    """Return a GIF with a 1 x 1 screen and `frames` frames of these sides, 14 bytes each."""
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff" + frame * frames + b";"


def webp(width: int, height: int) -> bytes:
    """Return a WebP that announces a canvas of these sides and has a picture of 8 x 8 pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "WEBP")
    header = b"VP8X" + struct.pack("<II", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + header + buffer.getvalue()[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg(width: int, height: int) -> bytes:
    """Return a JPEG whose header announces these sides and whose data are those of 8 x 8 pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    whole = bytearray(buffer.getvalue())
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(whole)


def jpeg_of_segments(count: int) -> bytes:
    """Return a valid JPEG whose header begins with `count` empty comments."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    return b"\xff\xd8" + b"\xff\xfe\x00\x02" * count + buffer.getvalue()[2:]


def jpeg_of_scans(width: int, height: int, count: int = 20_000) -> bytes:
    """Return a progressive JPEG that repeats its last scan `count` times: each makes a decoder process the whole picture."""
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "JPEG", progressive=True)
    whole = buffer.getvalue()
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + scan * count + b"\xff\xd9"


def endless_jpeg() -> bytes:
    """Return a JPEG within every limit of size that takes minutes to decode."""
    return jpeg_of_scans(6000, 4000)


def bmp() -> bytes:
    """Return a BMP, which Pillow could read."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "BMP")
    return buffer.getvalue()


def half(form: str) -> bytes:
    """Return the first half of a picture that Pillow writes in this format."""
    buffer = io.BytesIO()
    Image.effect_noise((100, 100), 50).convert("RGB").save(buffer, form)
    return buffer.getvalue()[: buffer.tell() // 2]


def heic() -> bytes:
    """Return the start of a HEIC file, as phones save them."""
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(512)


def svg() -> bytes:
    """Return an SVG drawing that contains a script."""
    return b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def page() -> bytes:
    """Return the page that shops send with status 200 when an image is gone."""
    return b"<!doctype html>\n<html><head><title>Shop</title></head><body>Sorry, nothing here. <svg/></body></html>\n"


@cache
def gzip_bomb(megabytes: int = 64) -> bytes:
    """Return zeros, compressed to a thousandth of their size."""
    return gzip.compress(bytes(megabytes * _MEGABYTE), 9)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
