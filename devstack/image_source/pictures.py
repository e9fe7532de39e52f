"""Pictures generated from a seed and a size in bytes; nothing else decides their contents."""

from __future__ import annotations

import hashlib
import io
import math
import random
from functools import lru_cache

from PIL import Image

from devstack.image_source.padding import jpeg_comment, padded

CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
}
SMALLEST = 2_000
LARGEST = 4_000_000

# Encoder options of each format: fast rather than small.
_OPTIONS: dict[str, tuple[str, dict[str, int]]] = {
    "jpg": ("JPEG", {"quality": 85}),
    "png": ("PNG", {"compress_level": 1}),
    "gif": ("GIF", {}),
    "webp": ("WEBP", {"quality": 80, "method": 0}),
    "avif": ("AVIF", {"quality": 60, "speed": 10}),
}
# Pixels per requested byte; measured, so that most pictures fit at the first try.
_PIXELS_PER_BYTE = {"jpg": 2.1, "png": 0.38, "gif": 0.8, "webp": 2.2, "avif": 3.7}
# Pixel limits of the slow encoders; the rest of a large file is metadata.
_MOST_PIXELS = {"gif": 200_000.0, "webp": 1_000_000.0, "avif": 1_000_000.0}
_TRIES = 6
_GRAIN = 4


def picture(name: str, kind: str, size: int, version: int = 1) -> bytes:
    """Return a picture of `kind` (a key of CONTENT_TYPES) of about `size` bytes.

    Another name or version gives other contents. The size is exact to a few bytes, and clamped to SMALLEST and LARGEST.
    """
    size = min(max(size, SMALLEST), LARGEST)
    seed = hashlib.sha256(f"{name}\0{version}".encode()).digest()
    pixels = size * _PIXELS_PER_BYTE[kind]
    side = max(int(math.sqrt(min(pixels, _MOST_PIXELS.get(kind, pixels)))), 8)
    for _ in range(_TRIES):
        encoded = _encoded(_drawing(seed, side), kind)
        if len(encoded) <= size:
            break
        side = max(int(side * math.sqrt(size / len(encoded)) * 0.93), 8)
    return padded(encoded, kind, size)


def flat_picture(number: int, size: int) -> bytes:
    """Return a JPEG of about `size` bytes that differs from others of its size only by a comment with its number.

    After the first of a size it costs one copy of the bytes.
    """
    head, tail = _flat_parts(min(max(size, SMALLEST), LARGEST))
    return head + jpeg_comment(b"%020d" % number) + tail


@lru_cache(maxsize=16)
def _flat_parts(size: int) -> tuple[bytes, bytes]:
    whole = picture("flat", "jpg", size)
    return whole[:2], whole[2:]


def _drawing(seed: bytes, side: int) -> Image.Image:
    """Return smooth coloured noise, as costly to encode as a photograph."""
    grains = max(side // _GRAIN, 2)
    noise = random.Random(seed).randbytes(grains * grains * 3)  # noqa: S311 - contents, not secrets
    return Image.frombytes("RGB", (grains, grains), noise).resize((side, side), Image.Resampling.BICUBIC)


def _encoded(drawing: Image.Image, kind: str) -> bytes:
    encoder, options = _OPTIONS[kind]
    output = io.BytesIO()
    drawing.save(output, encoder, **options)
    return output.getvalue()
