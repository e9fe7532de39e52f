"""Tells what bytes are: what they decode to decides, never a header or an extension. Level `structure`."""

import io
import warnings
from typing import Final

from PIL import Image

from faust_app.core.content import ImageFacts
from faust_app.core.failure import FailureCode, Permanent

MAX_SIDE: Final = 16_384
MAX_PIXELS: Final = 40_000_000
"""Over all frames."""
MAX_FRAMES: Final = 100

_FACTS: Final = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "GIF": ("image/gif", "gif"),
    "WEBP": ("image/webp", "webp"),
    "AVIF": ("image/avif", "avif"),
}
_AVIF_BRANDS: Final = (b"avif", b"avis")
_OTHERS: Final = ((b"BM", "BMP"), (b"II*\x00", "TIFF"), (b"MM\x00*", "TIFF"), (b"%PDF", "PDF"), (b"\x00\x00\x01\x00", "ICO"))
_BOX_HEADER: Final = 8
_LARGE_BOX_HEADER: Final = 16


class StructureCheck:
    """Reads the header and looks for the format's end; decodes nothing."""

    async def check(self, content: bytes) -> ImageFacts:
        """Return the facts of a storable image. Raises Permanent."""
        return check_structure(content)


def check_structure(content: bytes) -> ImageFacts:
    """Return the facts of a storable image. Raises Permanent: not an image, another format, cut off, or too large."""
    form = sniff(content)
    width, height, frames = _header(content, form)
    if width > MAX_SIDE or height > MAX_SIDE or frames > MAX_FRAMES or width * height * frames > MAX_PIXELS:
        raise Permanent(FailureCode.TOO_MANY_PIXELS, f"{width} x {height} pixels, {frames} frames")
    if not _is_whole(content, form):
        raise Permanent(FailureCode.TRUNCATED, f"{form} without its end")
    return ImageFacts(*_FACTS[form], width, height)


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
    for magic, name in _OTHERS:
        if content.startswith(magic):
            raise Permanent(FailureCode.FORMAT_NOT_SUPPORTED, name)
    if b"<svg" in content[:1024].lower():
        raise Permanent(FailureCode.FORMAT_NOT_SUPPORTED, "SVG")
    raise Permanent(FailureCode.NOT_AN_IMAGE, "the first bytes are of no image format")


def _sniff_iso_media(content: bytes) -> str:
    size = min(max(int.from_bytes(content[:4]), 16), 512)
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, size, 4))]
    if any(brand in _AVIF_BRANDS for brand in brands):
        return "AVIF"
    raise Permanent(FailureCode.FORMAT_NOT_SUPPORTED, "HEIC or another ISO media file")


def _header(content: bytes, form: str) -> tuple[int, int, int]:
    """Return width, height and frames by Pillow's parser of this one format."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the bounds above are ours, Pillow's own are looser
            with Image.open(io.BytesIO(content), formats=(form,)) as image:
                return (*image.size, int(getattr(image, "n_frames", 1)) if form != "JPEG" else 1)
    except Image.DecompressionBombError as error:
        raise Permanent(FailureCode.TOO_MANY_PIXELS, form) from error
    except Exception as error:  # Pillow raises whatever its parsers meet in broken bytes
        raise Permanent(FailureCode.NOT_AN_IMAGE, f"a broken {form} header: {type(error).__name__}") from error


def _is_whole(content: bytes, form: str) -> bool:
    match form:
        case "JPEG":
            # Cameras and editors append bytes after the end marker: it has to be there, not to be last.
            return content.rfind(b"\xff\xd9") > 2  # noqa: PLR2004 - behind the start marker
        case "PNG":
            return b"IEND\xaeB`\x82" in content[-65_536:]
        case "GIF":
            return b"\x3b" in content[-16:]
        case "WEBP":
            return int.from_bytes(content[4:8], "little") + 8 <= len(content)
        case _:
            return _boxes_fit(content)


def _boxes_fit(content: bytes) -> bool:
    """Walk the top-level boxes of an ISO media file: the last ends within the bytes there are."""
    at = 0
    while at + _BOX_HEADER <= len(content):
        size = int.from_bytes(content[at : at + 4])
        if size == 1 and at + _LARGE_BOX_HEADER <= len(content):
            size = int.from_bytes(content[at + 8 : at + 16])
        elif size == 0:
            return True
        if size < _BOX_HEADER:
            return False
        at += size
    return at == len(content)
