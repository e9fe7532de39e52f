"""Tells what bytes are: what they decode to decides, never a header or an extension.

    structure   header, bounds and the format's end; decodes nothing
    decode      the same, then every pixel of every frame

Both run Pillow over a stranger's bytes, so they belong into a child process; `simple_structure` alone is safe outside.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from PIL import AvifImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from faust_app.adapters.image_formats import FACTS, gif_extent, is_whole, sniff, webp_extent
from faust_app.core.content import ImageFacts
from faust_app.core.failure import FailureCode, Permanent

MAX_SIDE: Final = 16_384
MAX_PIXELS: Final = 40_000_000
"""Over all frames."""
MAX_FRAMES: Final = 100
SIMPLE_READS: Final = 256
"""Reads of a header that is still simple: some sixty segments, where cameras and editors write ten."""

_PLUGINS: Final = (AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Registered by their import; without it Pillow would load its forty others when it meets the first WebP."""
_DRAFT: Final = 8
"""JPEG is decoded at an eighth of its sides: all its bytes are read, a sixty-fourth of its pixels is computed."""

Image.MAX_IMAGE_PIXELS = None  # the bounds above are checked on the header; while decoding, Pillow's own comes back
PngImagePlugin.MAX_TEXT_MEMORY = 8 * 1024 * 1024  # inflated to be thrown away: what editors write has room, a bomb ends early
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a thread a core reserves more memory than a child is allowed


class _TooManyReads(Exception):  # noqa: N818 - no error: the answer is to ask a child
    """The header is not a simple one."""


class _Counted(io.BytesIO):
    """Bytes that may be read so many times."""

    left = SIMPLE_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, or give up."""
        self.left -= 1
        if self.left < 0:
            raise _TooManyReads
        return super().read(size)


def simple_structure(content: bytes) -> ImageFacts | None:
    """Return what `check_structure` does for a JPEG with a simple header; None: give it to a child. Raises Permanent.

    Pillow's parser of JPEG headers is Python, so no bytes can harm the process, and the count of its reads bounds its
    time to a millisecond or two.
    """
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    try:
        width, height, _ = _header(_Counted(content), "JPEG")
    except _TooManyReads:
        return None
    return _facts(content, "JPEG", width, height, 1)


def check_structure(content: bytes) -> ImageFacts:
    """Return the facts of a storable image. Raises Permanent: no image, another format, cut off, damaged or too large."""
    form, width, height, frames = _extent(content)
    return _facts(content, form, width, height, frames)


def check_decoded(content: bytes) -> ImageFacts:
    """Return the facts of an image that decodes to its last frame. Raises Permanent, and MemoryError."""
    form, width, height, frames = _extent(content)
    facts = _facts(content, form, width, height, frames)
    with _named(form), _bombs_are_errors(), Image.open(io.BytesIO(content), formats=(form,)) as image:
        if form == "JPEG":
            image.draft(None, (max(1, width // _DRAFT), max(1, height // _DRAFT)))
        for frame in range(frames):
            if frame:
                image.seek(frame)
            image.load()
    return facts


def _extent(content: bytes) -> tuple[str, int, int, int]:
    """Return format, width, height and frames. What Pillow would allocate for is looked at before Pillow sees it."""
    form = sniff(content)
    early = {"GIF": gif_extent, "WEBP": webp_extent}.get(form)
    if early is None:
        return form, *_header(io.BytesIO(content), form)
    width, height, frames = early(content, MAX_FRAMES)
    _check_bounds(width, height, frames)
    opened = _header(io.BytesIO(content), form)
    return form, max(width, opened[0]), max(height, opened[1]), frames if form == "GIF" else opened[2]


def _header(stream: io.BytesIO, form: str) -> tuple[int, int, int]:
    """Return width, height and frames by Pillow's parser of this one format."""
    with _named(form), Image.open(stream, formats=(form,)) as image:
        return (*image.size, _frames(image, form))


def _frames(image: Any, form: str) -> int:
    """Return the frames; of a GIF, where Pillow would walk through all of them to know, and of a JPEG it is one."""
    return 1 if form in {"GIF", "JPEG"} else int(getattr(image, "n_frames", 1))


def _facts(content: bytes, form: str, width: int, height: int, frames: int) -> ImageFacts:
    _check_bounds(width, height, frames)
    if not is_whole(content, form):
        raise Permanent(FailureCode.TRUNCATED, f"{form} without its end")
    return ImageFacts(*FACTS[form], width, height)


def _check_bounds(width: int, height: int, frames: int) -> None:
    detail = f"{width} x {height} pixels, {frames} frames"
    if frames > MAX_FRAMES:
        raise Permanent(FailureCode.TOO_MANY_FRAMES, f"more than {MAX_FRAMES} frames")
    if width > MAX_SIDE or height > MAX_SIDE:
        raise Permanent(FailureCode.SIDE_TOO_LONG, detail)
    if width * height * frames > MAX_PIXELS:
        raise Permanent(FailureCode.TOO_MANY_PIXELS, detail)


@contextmanager
def _named(form: str) -> Iterator[None]:
    """Translate whatever Pillow's parsers and decoders raise over broken bytes."""
    try:
        yield
    except (Permanent, MemoryError, _TooManyReads):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Permanent(FailureCode.TOO_MANY_PIXELS, form) from error
    except EOFError as error:
        raise Permanent(FailureCode.TRUNCATED, f"{form} with fewer frames than it announces") from error
    except Exception as error:
        code = FailureCode.TRUNCATED if "truncated" in str(error).lower() else FailureCode.IMAGE_BROKEN
        raise Permanent(code, f"{form}: {type(error).__name__}") from error


@contextmanager
def _bombs_are_errors() -> Iterator[None]:
    """Let Pillow refuse frames that turn out larger than the header said."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = None
