"""What bytes are: real pictures of each format, and everything that only looks like one."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from faust_app.adapters.image_check import MAX_SIDE, StructureCheck, check_structure
from faust_app.core.content import ImageFacts
from faust_app.core.failure import FailureCode, Permanent
from tests.pictures import FORMATS, picture

WHOLE = {extension: picture(extension) for extension in FORMATS}


def code(content: bytes) -> FailureCode:
    with pytest.raises(Permanent) as caught:
        check_structure(content)
    return caught.value.code


def saved(form: str, mode: str = "RGB", size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("extension", FORMATS)
async def test_a_picture_of_each_format_is_known_by_its_bytes(extension: str) -> None:
    assert await StructureCheck().check(WHOLE[extension]) == ImageFacts(f"image/{FORMATS[extension].lower()}", extension, 24, 16)


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_an_animation_is_an_image(extension: str) -> None:
    assert check_structure(picture(extension, frames=5)).width == 24


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_a_picture_that_ends_in_the_middle_is_truncated(extension: str, kept: float) -> None:
    whole = picture(extension, width=200, height=200)
    assert code(whole[: int(len(whole) * kept)]) in {FailureCode.TRUNCATED, FailureCode.NOT_AN_IMAGE}


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_bytes_behind_the_end_are_no_harm(extension: str) -> None:
    assert check_structure(WHOLE[extension] + b"\x00" * 100).extension == extension


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", FailureCode.NOT_AN_IMAGE),
        (b"<!doctype html><html><body>soon back</body></html>", FailureCode.NOT_AN_IMAGE),
        (b"\xff\xd8\xff", FailureCode.NOT_AN_IMAGE),
        (b"GIF89a", FailureCode.NOT_AN_IMAGE),
        (b"RIFF\x00\x00\x00\x00WEBP", FailureCode.NOT_AN_IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", FailureCode.FORMAT_NOT_SUPPORTED),
        (b"<?xml version='1.0'?><SVG/>", FailureCode.FORMAT_NOT_SUPPORTED),
        (saved("BMP"), FailureCode.FORMAT_NOT_SUPPORTED),
        (saved("TIFF"), FailureCode.FORMAT_NOT_SUPPORTED),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", FailureCode.FORMAT_NOT_SUPPORTED),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", FailureCode.FORMAT_NOT_SUPPORTED),
    ],
)
def test_what_is_not_one_of_our_formats_has_its_own_name(content: bytes, expected: FailureCode) -> None:
    assert code(content) is expected


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (10_000, 10_000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_that_would_fill_the_memory_is_too_large_before_it_is_decoded(width: int, height: int) -> None:
    assert code(png_header(width, height)) is FailureCode.TOO_MANY_PIXELS


def test_the_frames_of_an_animation_count_together() -> None:
    assert code(picture("gif", width=4, height=4, frames=101)) is FailureCode.TOO_MANY_PIXELS


def test_the_extension_in_the_address_plays_no_part() -> None:
    assert check_structure(WHOLE["webp"]).extension == "webp"


@given(st.binary(max_size=400))
def test_any_bytes_are_an_image_or_a_named_failure(content: bytes) -> None:
    _answers(content)


@given(st.sampled_from(list(FORMATS)), st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.integers(0, 10_000))
def test_a_damaged_picture_is_an_image_or_a_named_failure(extension: str, at: int, damage: bytes, cut: int) -> None:
    whole = WHOLE[extension]
    at %= len(whole)
    _answers((whole[:at] + damage + whole[at + len(damage) :])[: len(whole) - cut % 50])


def _answers(content: bytes) -> None:
    try:
        facts = check_structure(content)
    except Permanent as failure:
        assert failure.code in {
            FailureCode.NOT_AN_IMAGE, FailureCode.FORMAT_NOT_SUPPORTED, FailureCode.TRUNCATED, FailureCode.TOO_MANY_PIXELS,
        }  # fmt: skip
    else:
        assert facts.extension in FORMATS
