"""Decides what bytes are: what they decode to counts, never a header or an extension.

    structure   header, bounds and the format's end; decodes nothing
    decode      the same, then every pixel of every frame

Both run Pillow over a stranger's bytes, so they belong into a child process; `simple_structure` alone is safe outside.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from PIL import AvifImagePlugin, GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from faust_app.adapters.image_check.ends import is_whole
from faust_app.adapters.image_check.exif import is_turned
from faust_app.adapters.image_check.formats import FACTS, NAMES, Extent, gif_extent, sniff, webp_extent
from faust_app.adapters.image_check.plain_jpeg import plain_sides
from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.sources.content import ImageFacts

MAX_SIDE: Final = 16_384
MAX_PIXELS: Final = 40_000_000
"""Over all frames."""
MAX_FRAMES: Final = 100
SIMPLE_READS: Final = 256
"""Reads of a header that is still simple: some sixty segments, where cameras and editors write ten."""

_PLUGINS: Final = (AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Registered by their import; without it Pillow would load its forty others when it meets the first WebP."""
_DRAFT: Final = 8
"""JPEG is decoded at an eighth of its sides: all its bytes are read, and a sixty-fourth of its pixels computed."""

_TURNED_BY_EXIF: Final = {"JPEG", "AVIF"}
"""Formats whose orientation browsers obey; Pillow tells the turn that an AVIF has in its own boxes as EXIF too."""

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
    time to a millisecond or two. Most headers need no parser of all that a header may hold.
    """
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    if (sides := plain_sides(content)) is not None:
        plain = _Header(Extent(*sides, frames=1))
        _check_bounds(plain.extent)
        return _facts("JPEG", plain)
    _check_end(content, "JPEG")
    try:
        with _named("JPEG"), _opened(_Counted(content), "JPEG") as image:
            header = _header(image, "JPEG")
    except _TooManyReads:
        return None
    _check_bounds(header.extent)
    return _facts("JPEG", header)


def check_structure(content: bytes) -> ImageFacts:
    """Return the facts of a storable image. Raises Permanent: no image, another format, cut off, damaged or too large."""
    form, said = _announced(content)
    with _named(form), _opened(io.BytesIO(content), form) as image:
        header = _bounded(image, form, said)
    if not header.extent.ended:
        raise Permanent(FailureCode.TRUNCATED, f"The {NAMES[form]} ends in the middle of a frame.")
    return _facts(form, header)


def check_decoded(content: bytes) -> ImageFacts:
    """Return the facts of an image that decodes to its last frame. Raises Permanent, and MemoryError."""
    form, said = _announced(content)
    with _named(form), _opened(io.BytesIO(content), form) as image:
        header = _bounded(image, form, said)
        if form == "JPEG":
            _load_jpeg(image, header.extent, len(content))
        else:
            _load_frames(image, header.extent.frames)
    return _facts(form, header)


def _load_jpeg(image: ImageFile.ImageFile, extent: Extent, size: int) -> None:
    """Decode the whole scan, and of its pixels as few as Pillow can: brightness alone, at an eighth of the sides."""
    image.draft("L", (max(1, extent.width // _DRAFT), max(1, extent.height // _DRAFT)))
    image.decodermaxblock = size  # read at once: of pieces Pillow would copy what is left over, and start its decoder again
    image.load()


def _load_frames(image: ImageFile.ImageFile, frames: int) -> None:
    with _bombs_are_errors():
        for frame in range(frames):
            if frame:
                image.seek(frame)
            image.load()


@dataclass(frozen=True, slots=True)
class _Header:
    """What a header says; `turned` where the image is shown with its sides exchanged."""

    extent: Extent
    turned: bool = False


def _announced(content: bytes) -> tuple[str, Extent | None]:
    """Return the format, and the extent that is to be within bounds before Pillow sees the image, because it allocates for it."""
    form = sniff(content)
    early = {"GIF": gif_extent, "WEBP": webp_extent}.get(form)
    said = early(content, MAX_FRAMES) if early is not None else None
    if said is not None:
        _check_bounds(said)
    _check_end(content, form)
    return form, said


def _bounded(image: ImageFile.ImageFile, form: str, said: Extent | None) -> _Header:
    """Return the header of an image within bounds, of which nothing is decoded yet."""
    header = _header(image, form)
    if said is not None:
        header = replace(header, extent=_larger(said, header.extent, counts=form == "GIF"))
    _check_bounds(header.extent)
    return header


def _larger(said: Extent, opened: Extent, *, counts: bool) -> Extent:
    """Return the sides that hold both; the frames are those of `said` where it counts them."""
    width, height = max(said.width, opened.width), max(said.height, opened.height)
    return Extent(width, height, said.frames if counts else opened.frames, said.ended)


def _opened(stream: io.BytesIO, form: str) -> ImageFile.ImageFile:
    """Return what Pillow's parser of this one format makes of the header."""
    return Image.open(stream, formats=(form,))


def _header(image: ImageFile.ImageFile, form: str) -> _Header:
    turned = form in _TURNED_BY_EXIF and is_turned(image.info.get("exif") or b"")
    return _Header(Extent(*image.size, _frames(image, form)), turned)


def _frames(image: ImageFile.ImageFile, form: str) -> int:
    """Return the frames; of a GIF, where Pillow would walk through all of them to know, and of a JPEG it is one."""
    return 1 if form in {"GIF", "JPEG"} else int(getattr(image, "n_frames", 1))


def _facts(form: str, header: _Header) -> ImageFacts:
    """Return the facts, with the sides that are shown."""
    sides = header.extent.width, header.extent.height
    return ImageFacts(*FACTS[form], *(reversed(sides) if header.turned else sides))


def _check_end(content: bytes, form: str) -> None:
    if not is_whole(content, form):
        raise Permanent(FailureCode.TRUNCATED, f"The {NAMES[form]} has no end.")


def _check_bounds(extent: Extent) -> None:
    width, height, frames = extent.width, extent.height, extent.frames
    detail = f"The image is {width} x {height} pixels in {frames} {'frame' if frames == 1 else 'frames'}."
    if width < 1 or height < 1:
        raise Permanent(FailureCode.IMAGE_BROKEN, detail)
    if frames > MAX_FRAMES:
        raise Permanent(FailureCode.TOO_MANY_FRAMES, f"The animation has more than {MAX_FRAMES} frames.")
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
        raise Permanent(FailureCode.TOO_MANY_PIXELS, f"The {NAMES[form]} decodes to more pixels than its header says.") from error
    except EOFError as error:
        raise Permanent(FailureCode.TRUNCATED, f"The {NAMES[form]} has fewer frames than it announces.") from error
    except Exception as error:
        if "truncated" in str(error).lower():
            raise Permanent(FailureCode.TRUNCATED, f"The data of the {NAMES[form]} end too early.") from error
        raise Permanent(FailureCode.IMAGE_BROKEN, f"The {NAMES[form]} cannot be decoded.") from error


@contextmanager
def _bombs_are_errors() -> Iterator[None]:
    """Make Pillow refuse frames that turn out larger than the header said."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = None
