"""Object keys: what they are made of, and what they tell."""

import hashlib
from collections.abc import Iterable
from typing import Final

from faust_app.core.images.row import ImageRow
from faust_app.core.messages.events import Op

OBJECTS: Final = "shops/"
"""What every object key begins with."""
FOLDER_DIGITS: Final = 20
"""Hexadecimal digits of the image id's SHA-256 in its folder's name."""


def shop_prefix(shop_no: int) -> str:
    """Return what every object key of the shop begins with."""
    return f"{OBJECTS}{shop_no}/"


def image_prefix(shop_no: int, image_id: bytes) -> str:
    """Return what every object key of the image begins with: our numbers and hashes only, never a sender's text."""
    return f"{shop_prefix(shop_no)}{_folder_name(image_id)}/"


def _folder_name(image_id: bytes) -> str:
    return hashlib.sha256(image_id).hexdigest()[:FOLDER_DIGITS]


_CONTENT_DIGITS: Final = 16


def object_key(shop_no: int, image_id: bytes, version: int, sha256_hex: str, extension: str) -> str:
    """Return the key of one version's bytes. It is never written with other bytes: the content is part of it."""
    return f"{image_prefix(shop_no, image_id)}{version}-{sha256_hex[:_CONTENT_DIGITS]}.{extension}"


def version_of(key: str) -> int | None:
    """Return the version an object key was made for, None where it is not one of our keys."""
    digits, dash, _ = key.rpartition("/")[2].partition("-")
    return int(digits) if dash and digits.isdecimal() else None


Folder = tuple[int, str]
"""Shop number and the digits that an image's objects have in common."""


def folder_of(key: str) -> Folder | None:
    """Return the folder an object key lies in, None where it is not one of our keys."""
    parts = key.split("/")
    if len(parts) != 4 or f"{parts[0]}/" != OBJECTS or not parts[1].isdecimal():  # noqa: PLR2004 - shops, shop, image, object
        return None
    return int(parts[1]), parts[2]


def folder(row: ImageRow) -> Folder:
    """Return the folder of the row's objects."""
    return row.shop_no, _folder_name(row.image_id)


def shows_missing(row: ImageRow, keys: Iterable[str]) -> bool:
    """Return whether the row's object is not among its image's keys, unless the image is being deleted anyway."""
    return row.shown is not None and row.op is not Op.DELETE and row.shown.object_key not in keys


def newer_keys(row: ImageRow, keys: Iterable[str]) -> list[str]:
    """Return the keys of versions above the row's: their requests are missing from the database."""
    return [key for key in keys if (version_of(key) or 0) > row.version]
