"""What the text in the search box may mean, and pages of what is found."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from faust_app.core.images.objects import OBJECTS
from faust_app.core.images.row import ImageKey, ImageRow
from faust_app.core.messages.events import MAX_ID_BYTES, MAX_NAME_BYTES, MAX_NUMBER, MAX_URL_BYTES

_SHOP: Final = re.compile(r"(?:shop )?([1-9][0-9]{0,15})")
_IMAGE_OF_SHOP: Final = re.compile(r"([1-9][0-9]{0,15})[:/](.+)")


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """What a text may be: the number of a shop, an image of a shop, an id, a label, an object key, a source URL.

    An id is that of an image or product, or the correlation id of a request. A label is what the shop's people call a product:
    its name or SKU.
    """

    shop_no: int | None = None
    image: tuple[int, bytes] | None = None
    any_id: str | None = None
    label: str | None = None
    object_key: str | None = None
    source_url: str | None = None


def search_terms(text: str) -> SearchTerms:
    """Return everything that the text may mean; nothing for a text that no id, key or URL can be."""
    text = text.strip()
    if not text or not text.isprintable() or len(text.encode("utf-8", "replace")) > MAX_URL_BYTES:
        return SearchTerms()
    key = _object_key(text)
    if text.startswith(("http://", "https://")):
        return SearchTerms(source_url=text, object_key=key)
    shop, image = _SHOP.fullmatch(text), _IMAGE_OF_SHOP.fullmatch(text)
    return SearchTerms(
        shop_no=int(shop[1]) if shop and int(shop[1]) <= MAX_NUMBER else None,
        image=(int(image[1]), image[2].encode()) if image and int(image[1]) <= MAX_NUMBER and _is_id(image[2]) else None,
        any_id=text if _is_id(text) else None,
        label=text if len(text.encode("utf-8", "replace")) <= MAX_NAME_BYTES else None,
        object_key=key,
    )


def _object_key(text: str) -> str | None:
    """Return the key of an object that the text names, as such or in the path of an address."""
    path = urlsplit(text).path if "://" in text else text
    start = path.find(OBJECTS)
    return path[start:] if start >= 0 and (start == 0 or path[start - 1] == "/") else None


def _is_id(text: str) -> bool:
    return 1 <= len(text.encode("utf-8", "replace")) <= MAX_ID_BYTES


@dataclass(frozen=True, slots=True)
class PageOfImages:
    """Some images by key, and the key to continue after; None at the end. A page may be short before the end."""

    rows: list[ImageRow]
    after: ImageKey | None
