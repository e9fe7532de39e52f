"""Metadata leave a file, the picture stays: compared by decoding both with Pillow."""

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, ImageSequence, PngImagePlugin

from faust_app.adapters.image_check.check import check_decoded
from faust_app.adapters.image_check.metadata import stripped
from tests.pictures import FORMATS, picture

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TOLD = b"N 48.137 E 11.575 of Ms. Miller"


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010E] = TOLD.decode()
    data.get_ifd(0x8825)[1] = "N"
    return data


def made(form: str, orientation: int = 1, **options: Any) -> bytes:
    """A picture that tells all that its format can tell."""
    told: dict[str, Any] = {"exif": exif(orientation), "icc_profile": PROFILE}
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", TOLD.decode())
        text.add_text("Long", TOLD.decode(), zip=True)
        text.add_itxt("Author", TOLD.decode())
        told["pnginfo"] = text
    elif form == "GIF":
        told = {"comment": TOLD}
    else:
        told["xmp"] = b"<x:xmpmeta>" + TOLD + b"</x:xmpmeta>"
    if form == "JPEG":
        told["comment"] = TOLD
    frames = [Image.effect_noise((40, 30), 80).convert("RGB") for _ in range(3)]
    if options.pop("animated", False):
        told |= {"save_all": True, "append_images": frames[1:]}
    buffer = io.BytesIO()
    frames[0].convert(options.pop("mode", "RGB")).save(buffer, form, **told, **options)
    return buffer.getvalue()


def pictures(content: bytes) -> list[bytes]:
    """Every frame as it is shown: decoded, and turned as its orientation says."""
    with Image.open(io.BytesIO(content)) as image:
        return [ImageOps.exif_transpose(frame).convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


FILES = {
    "jpeg": made("JPEG"),
    "jpeg turned": made("JPEG", 6),
    "jpeg progressive": made("JPEG", 3, progressive=True),
    "jpeg of four colors": made("JPEG", mode="CMYK"),
    "jpeg with restarts": made("JPEG", restart_marker_blocks=1),
    "png": made("PNG"),
    "png turned": made("PNG", 8),
    "png of a palette": made("PNG", mode="P"),
    "png animated": made("PNG", animated=True),
    "webp": made("WEBP"),
    "webp turned": made("WEBP", 5),
    "webp without loss": made("WEBP", 2, lossless=True),
    "webp animated": made("WEBP", animated=True),
    "gif": made("GIF"),
    "gif animated": made("GIF", animated=True),
}


@pytest.mark.parametrize("name", FILES)
def test_the_picture_stays_and_what_was_told_is_gone(name: str) -> None:
    content = FILES[name]
    assert TOLD in content or name.startswith("png")
    after = stripped(content)
    assert pictures(after) == pictures(content)
    assert TOLD not in after
    assert check_decoded(after) == check_decoded(content)
    with Image.open(io.BytesIO(content)) as image, Image.open(io.BytesIO(after)) as left:
        assert left.info.get("icc_profile") == image.info.get("icc_profile")
        assert set(left.getexif()) <= {0x0112}
        assert left.getexif().get(0x0112, 1) == image.getexif().get(0x0112, 1)
        assert not {"comment", "xmp", "Comment", "Long", "Author"} & set(left.info)
        assert left.info.get("duration") == image.info.get("duration")


@pytest.mark.parametrize("name", FILES)
def test_what_is_stripped_has_nothing_left_to_strip(name: str) -> None:
    assert stripped(stripped(FILES[name])) == stripped(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_bytes_behind_the_end_are_left_out(name: str) -> None:
    assert stripped(FILES[name] + FILES["jpeg"]) == stripped(FILES[name])


@pytest.mark.parametrize("extension", FORMATS)
def test_a_file_without_metadata_keeps_its_picture(extension: str) -> None:
    assert pictures(stripped(picture(extension))) == pictures(picture(extension))


def test_an_avif_stays_as_it_is() -> None:
    content = made("AVIF")
    assert stripped(content) is content


def test_a_table_that_looks_like_an_end_between_two_scans_is_no_end() -> None:
    """The end mark of a progressive JPEG is not the first pair of its bytes: a table may hold the same."""
    whole = made("JPEG", progressive=True)
    second = whole.index(b"\xff\xda", whole.index(b"\xff\xda") + 2)
    between = b"\xff\xef\x00\x06\xff\xd9\xff\xd9"
    content = whole[:second] + between + whole[second:]
    assert pictures(stripped(content)) == pictures(whole)


@settings(deadline=None)
@given(st.sampled_from(list(FILES)), st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.integers(0, 400))
def test_a_damaged_file_is_stripped_or_left_and_never_made_worse(name: str, at: int, damage: bytes, cut: int) -> None:
    whole = FILES[name]
    at %= len(whole)
    content = (whole[:at] + damage + whole[at + len(damage) :])[: len(whole) - cut]
    after = stripped(content)
    assert len(after) <= len(content) + 64
    try:
        before = pictures(content)
    except Exception:  # noqa: BLE001 - what Pillow raises over it is the check's matter
        return
    assert pictures(after)[: len(before)] == before


@given(st.binary(max_size=300), st.sampled_from([b"", b"GIF89a", b"RIFF\x40\x00\x00\x00WEBP", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]))
def test_any_bytes_come_back_as_bytes(content: bytes, head: bytes) -> None:
    assert isinstance(stripped(head + content), bytes)


def test_a_file_of_endless_parts_is_left_as_it_is() -> None:
    chunk = struct.pack(">I", 0) + b"teST" + struct.pack(">I", zlib.crc32(b"teST"))
    content = b"\x89PNG\r\n\x1a\n" + chunk * 200_000
    assert stripped(content) is content
