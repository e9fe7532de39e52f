import io

import pytest
from PIL import Image

from devstack.image_source.pictures import CONTENT_TYPES, flat_picture, picture

FORMATS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}
ENDS = {"jpg": b"\xff\xd9", "png": b"IEND\xaeB`\x82", "gif": b"\x00;"}


@pytest.mark.parametrize("kind", CONTENT_TYPES)
@pytest.mark.parametrize("size", [5_000, 120_000, 2_000_000])
def test_a_picture_has_the_asked_size_and_decodes_completely(kind: str, size: int) -> None:
    made = picture("cup", kind, size)

    assert abs(len(made) - size) <= size * 0.02
    with Image.open(io.BytesIO(made)) as image:
        image.load()
        assert image.format == FORMATS[kind]


@pytest.mark.parametrize(("kind", "end"), ENDS.items())
def test_a_picture_ends_with_its_format_s_own_end_marker(kind: str, end: bytes) -> None:
    assert picture("cup", kind, 20_000).endswith(end)


def test_the_length_inside_a_webp_file_is_that_of_the_file() -> None:
    made = picture("cup", "webp", 20_000)

    assert int.from_bytes(made[4:8], "little") == len(made) - 8


def test_the_boxes_of_an_avif_file_fill_it_exactly() -> None:
    made = picture("cup", "avif", 20_000)

    position = 0
    while position < len(made):
        position += int.from_bytes(made[position : position + 4], "big")
    assert position == len(made)


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_another_name_or_version_has_other_contents_and_the_same_one_the_same(kind: str) -> None:
    made = {picture("cup", kind, 8_000), picture("jug", kind, 8_000), picture("cup", kind, 8_000, version=2)}

    assert len(made) == 3
    assert picture("cup", kind, 8_000) in made


def test_flat_pictures_differ_by_their_number_and_are_whole() -> None:
    first, second = flat_picture(1, 100_000), flat_picture(2, 100_000)

    assert first != second
    assert abs(len(first) - 100_000) < 100
    with Image.open(io.BytesIO(second)) as image:
        image.load()
