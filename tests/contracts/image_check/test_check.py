"""What bytes are: real pictures of each format, and everything that only looks like one, at both levels."""

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from devstack import hostile_files
from faust_app.adapters.image_check.check import MAX_PIXELS, MAX_SIDE, check_decoded, check_structure, simple_structure
from faust_app.adapters.image_check.exif import only_orientation, orientation_of
from faust_app.adapters.image_check.plain_jpeg import plain_sides
from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.sources.content import ImageFacts
from tests.pictures import FORMATS, picture
from tests.sentences import is_sentence

Check = Callable[[bytes], ImageFacts]
WHOLE = {extension: picture(extension) for extension in FORMATS}
BOTH = pytest.mark.parametrize("check", [check_structure, check_decoded])


def code(content: bytes, check: Check = check_structure) -> FailureCode:
    with pytest.raises(Permanent) as caught:
        check(content)
    assert is_sentence(caught.value.detail)
    return caught.value.code


def saved(form: str, mode: str = "RGB", size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, form)
    return buffer.getvalue()


@BOTH
@pytest.mark.parametrize("extension", FORMATS)
def test_a_picture_of_each_format_is_known_by_its_bytes(extension: str, check: Check) -> None:
    assert check(WHOLE[extension]) == ImageFacts(f"image/{FORMATS[extension].lower()}", extension, 24, 16)


@BOTH
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_every_mode_is_an_image(mode: str, check: Check) -> None:
    assert check(saved("PNG", mode)).width == 8


@BOTH
def test_a_jpeg_of_cmyk_and_a_progressive_one_are_images(check: Check) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200)).save(buffer, "JPEG", progressive=True)
    assert check(saved("JPEG", "CMYK")).width == 8
    assert check(buffer.getvalue()).width == 300


@BOTH
@pytest.mark.parametrize("extension", ["gif", "webp", "png", "avif"])
def test_an_animation_is_an_image(extension: str, check: Check) -> None:
    assert check(picture(extension, frames=5)).width == 24


BIG = {extension: picture(extension, width=200, height=200) for extension in FORMATS}


@BOTH
@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95])
def test_a_picture_that_ends_in_the_middle_is_truncated(extension: str, kept: float, check: Check) -> None:
    assert code(BIG[extension][: int(len(BIG[extension]) * kept)], check) is FailureCode.TRUNCATED


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(list(FORMATS)), st.floats(0.1, 0.99), st.sampled_from([check_structure, check_decoded]))
def test_a_picture_cut_anywhere_behind_its_head_is_truncated(extension: str, kept: float, check: Check) -> None:
    assert code(BIG[extension][: int(len(BIG[extension]) * kept)], check) is FailureCode.TRUNCATED


@pytest.mark.parametrize("extension", ["png", "gif"])
def test_a_picture_whose_middle_is_missing_is_found_by_decoding(extension: str) -> None:
    whole = picture(extension, width=200, height=200)
    assert code(whole[: len(whole) // 3] + whole[-32:], check_decoded) in {FailureCode.TRUNCATED, FailureCode.IMAGE_BROKEN}


BEHIND = [
    b"\x00" * 100, bytes(100_000), b"x" * 70_000, b"\xff" * 9, b"<!-- page -->" * 9000, b"\x00\x00\x00\x08", b"PK\x03\x04" + bytes(300),
    WHOLE["png"], WHOLE["jpg"], WHOLE["gif"],
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("behind", BEHIND, ids=range(len(BEHIND)))
def test_bytes_behind_the_end_are_no_harm(extension: str, behind: bytes, check: Check) -> None:
    assert check(WHOLE[extension] + behind) == check(WHOLE[extension])


@settings(deadline=None)
@given(st.sampled_from(list(FORMATS)), st.binary(max_size=300), st.sampled_from([check_structure, check_decoded]))
def test_no_bytes_behind_the_end_change_what_a_picture_is(extension: str, behind: bytes, check: Check) -> None:
    assert check(WHOLE[extension] + behind) == check(WHOLE[extension])


@BOTH
@pytest.mark.parametrize("frames", [1, 3])
def test_a_gif_without_its_trailer_is_whole(frames: int, check: Check) -> None:
    whole = picture("gif", frames=frames)
    assert whole.endswith(b"\x00;")
    assert check(whole[:-1]) == check(whole)


def test_a_gif_whose_last_block_is_not_ended_is_whole_if_it_decodes() -> None:
    assert check_decoded(WHOLE["gif"][:-2]) == check_decoded(WHOLE["gif"])
    assert code(WHOLE["gif"][:-2], check_structure) is FailureCode.TRUNCATED


@BOTH
@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (0, 0)])
def test_a_picture_without_a_width_or_a_height_is_broken(width: int, height: int, check: Check) -> None:
    assert code(hostile_files.gif(1, width, height), check) is FailureCode.IMAGE_BROKEN
    assert code(hostile_files.gif(1, width, height)[:-6], check) in {FailureCode.IMAGE_BROKEN, FailureCode.TRUNCATED}
    assert code(hostile_files.png(width, height, bytes(8)), check) is FailureCode.IMAGE_BROKEN
    assert code(hostile_files.jpeg(width, height), check) is FailureCode.IMAGE_BROKEN


def test_the_end_of_a_thumbnail_is_not_that_of_its_jpeg() -> None:
    thumbnail = b"Exif\x00\x00" + WHOLE["jpg"]
    whole = BIG["jpg"][:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2) + thumbnail + BIG["jpg"][2:]
    assert check_structure(whole).width == 200
    assert code(whole[:-1000], check_structure) is FailureCode.TRUNCATED


def oriented(orientation: int, form: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20)).save(buffer, form, exif=exif)
    return buffer.getvalue()


@BOTH
@pytest.mark.parametrize("form", ["JPEG", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_sides_of_a_turned_picture_are_those_that_are_shown(orientation: int, form: str, check: Check) -> None:
    content = oriented(orientation, form)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).size
    facts = check(content)
    assert (facts.width, facts.height) == shown == ((20, 30) if orientation >= 5 else (30, 20))


@given(st.binary(max_size=100) | st.binary(max_size=100).map(b"Exif\x00\x00MM\x00*".__add__))
def test_any_exif_tells_one_of_eight_orientations(exif: bytes) -> None:
    assert 1 <= orientation_of(exif) <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_exif_of_nothing_but_the_orientation_tells_it_to_us_and_to_others(orientation: int) -> None:
    exif = Image.Exif()
    exif.load(only_orientation(orientation))
    assert dict(exif) == {0x0112: orientation}
    assert orientation_of(only_orientation(orientation)) == orientation


@BOTH
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", FailureCode.NOT_AN_IMAGE),
        (hostile_files.page(), FailureCode.NOT_AN_IMAGE),
        (b"\n\n<HTML><svg></svg>", FailureCode.NOT_AN_IMAGE),
        (b"{}", FailureCode.NOT_AN_IMAGE),
        (b"\xff\xd8\xff", FailureCode.TRUNCATED),
        (b"\x89PNG\r\n\x1a\n", FailureCode.TRUNCATED),
        (b"GIF89a", FailureCode.TRUNCATED),
        (b"RIFF\x00\x00\x00\x00WEBP", FailureCode.TRUNCATED),
        (b"RIFF\x20\x00\x00\x00WEBPABCD" + bytes(20), FailureCode.IMAGE_BROKEN),
        (hostile_files.svg(), FailureCode.FORMAT_SVG),
        (b"<?xml version='1.0'?><SVG/>", FailureCode.FORMAT_SVG),
        (saved("BMP"), FailureCode.FORMAT_NOT_SUPPORTED),
        (saved("TIFF"), FailureCode.FORMAT_NOT_SUPPORTED),
        (saved("ICO", "RGBA", (16, 16)), FailureCode.FORMAT_NOT_SUPPORTED),
        (b"%PDF-1.7", FailureCode.FORMAT_NOT_SUPPORTED),
        (hostile_files.heic(), FailureCode.FORMAT_HEIC),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", FailureCode.FORMAT_NOT_SUPPORTED),
    ],
)
def test_what_is_not_one_of_our_formats_has_its_own_name(content: bytes, expected: FailureCode, check: Check) -> None:
    assert code(content, check) is expected


@BOTH
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (hostile_files.png(MAX_SIDE + 1, 1), FailureCode.SIDE_TOO_LONG),
        (hostile_files.png(1, MAX_SIDE + 1), FailureCode.SIDE_TOO_LONG),
        (hostile_files.png(2**31 - 1, 2**31 - 1), FailureCode.SIDE_TOO_LONG),
        (hostile_files.png(10_000, 10_000), FailureCode.TOO_MANY_PIXELS),
        (hostile_files.jpeg(65_500, 65_500), FailureCode.SIDE_TOO_LONG),
        (hostile_files.jpeg(16_384, 16_384), FailureCode.TOO_MANY_PIXELS),
        (hostile_files.webp(16_384, 16_384), FailureCode.TOO_MANY_PIXELS),
        (hostile_files.webp(2**24, 2**24), FailureCode.SIDE_TOO_LONG),
        (hostile_files.gif(1, 65_535, 65_535), FailureCode.SIDE_TOO_LONG),
        (hostile_files.gif(2, 16_000, 16_000), FailureCode.TOO_MANY_PIXELS),
        (hostile_files.gif(50, 1000, 1000), FailureCode.TOO_MANY_PIXELS),
        (hostile_files.gif(5000), FailureCode.TOO_MANY_FRAMES),
        (hostile_files.gif(101), FailureCode.TOO_MANY_FRAMES),
        (hostile_files.animated_png(2**30), FailureCode.TOO_MANY_FRAMES),
    ],
)
def test_a_bomb_is_named_before_anything_is_decoded(content: bytes, expected: FailureCode, check: Check) -> None:
    assert code(content, check) is expected


@BOTH
def test_a_gif_of_a_hundred_frames_is_an_image(check: Check) -> None:
    assert check(picture("gif", width=4, height=4, frames=100)).extension == "gif"


def test_a_png_that_inflates_to_more_than_its_pixels_takes_no_more_than_its_pixels() -> None:
    assert check_decoded(hostile_files.png(8, 8, bytes(64 * 1024 * 1024))).width == 8


def test_a_picture_that_announces_pixels_it_does_not_have_is_truncated() -> None:
    assert code(hostile_files.png(5000, 5000, bytes(100)), check_decoded) in {FailureCode.TRUNCATED, FailureCode.IMAGE_BROKEN}


@BOTH
def test_the_extension_in_the_address_plays_no_part(check: Check) -> None:
    assert check(WHOLE["webp"]).extension == "webp"


POLYGLOTS = {
    "jpeg and zip": (WHOLE["jpg"] + b"PK\x03\x04" + bytes(50), "jpg"),
    "jpeg with a page in its comment": (b"\xff\xd8\xff\xfe\x00\x16<html><a()></html>  " + WHOLE["jpg"][2:], "jpg"),
    "png and page": (WHOLE["png"] + hostile_files.page(), "png"),
    "gif and script": (b"GIF89a/*\x00\x00\x00\x00\x00*/=1;alert(1)//;", None),
    "page and jpeg": (hostile_files.page() + WHOLE["jpg"], None),
    "pdf and jpeg": (b"%PDF-1.4\n" + WHOLE["jpg"], None),
    "svg and png": (hostile_files.svg() + WHOLE["png"], None),
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_a_polyglot_is_what_it_decodes_to_and_nothing_else(name: str) -> None:
    content, extension = POLYGLOTS[name]
    if extension is None:
        code(content, check_decoded)
    else:
        assert check_decoded(content).extension == extension


def test_the_short_check_answers_as_the_long_one_for_simple_jpegs_and_for_no_others() -> None:
    assert simple_structure(WHOLE["jpg"]) == check_structure(WHOLE["jpg"])
    assert [extension for extension in FORMATS if simple_structure(WHOLE[extension]) is not None] == ["jpg"]
    assert simple_structure(hostile_files.jpeg_of_segments(10)) is not None
    assert simple_structure(hostile_files.jpeg_of_segments(100_000)) is None
    assert check_structure(hostile_files.jpeg_of_segments(1000)).width == 8
    assert code(hostile_files.jpeg(65_500, 65_500), simple_structure) is FailureCode.SIDE_TOO_LONG  # type: ignore[arg-type]


def jpegs() -> list[bytes]:
    def of(mode: str, **options: object) -> bytes:
        buffer = io.BytesIO()
        Image.new(mode, (24, 16), 128).save(buffer, "JPEG", **options)
        return buffer.getvalue()

    profile = {"icc_profile": b"p" * 70_000}
    return [of("L"), of("RGB", progressive=True), of("CMYK"), of("RGB", comment="why", xmp=b"<x/>", **profile), of("RGB", quality=95)]


JPEGS = jpegs()


def test_the_header_of_what_pillow_writes_is_plain() -> None:
    assert [plain_sides(content) for content in JPEGS] == [(24, 16)] * len(JPEGS)


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(JPEGS), st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 255)), min_size=1, max_size=3), st.integers(0, 50))
def test_sides_that_are_found_without_pillow_are_those_that_pillow_finds(whole: bytes, damage: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(whole)
    for at, value in damage:
        damaged[at % len(damaged)] = value
    content = bytes(damaged[: len(damaged) - cut])
    sides = plain_sides(content)
    if sides is None or max(sides) > MAX_SIDE or sides[0] * sides[1] > MAX_PIXELS:
        return
    facts = check_structure(content)
    assert (facts.width, facts.height) == sides


@given(st.binary(max_size=400))
def test_any_bytes_are_an_image_or_a_named_failure(content: bytes) -> None:
    _answers(content)


@settings(deadline=None)
@given(
    st.sampled_from(list(FORMATS)), st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.integers(0, 10_000),
    st.sampled_from([check_structure, check_decoded]),
)  # fmt: skip
def test_a_damaged_picture_is_an_image_or_a_named_failure(extension: str, at: int, damage: bytes, cut: int, check: Check) -> None:
    whole = WHOLE[extension]
    at %= len(whole)
    _answers((whole[:at] + damage + whole[at + len(damage) :])[: len(whole) - cut % 50], check)


HEADS = [b"GIF89a", b"RIFF\x00\x01\x00\x00WEBP", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\x00\x00\x00\x1cftypavif"]


@given(st.binary(max_size=300), st.sampled_from(HEADS))
def test_any_bytes_behind_a_known_beginning_are_an_image_or_a_named_failure(content: bytes, head: bytes) -> None:
    _answers(head + content)
    _answers(head + content, check_decoded)


NAMED = {
    FailureCode.NOT_AN_IMAGE, FailureCode.FORMAT_NOT_SUPPORTED, FailureCode.FORMAT_HEIC, FailureCode.FORMAT_SVG, FailureCode.TRUNCATED,
    FailureCode.IMAGE_BROKEN, FailureCode.TOO_MANY_PIXELS, FailureCode.TOO_MANY_FRAMES, FailureCode.SIDE_TOO_LONG,
}  # fmt: skip


def _answers(content: bytes, check: Check = check_structure) -> None:
    try:
        facts = check(content)
    except Permanent as failure:
        assert failure.code in NAMED
        assert is_sentence(failure.detail)
    else:
        assert facts.extension in FORMATS
