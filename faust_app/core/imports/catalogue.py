"""Turns catalogue lines into image requests: a product of a WooCommerce export, or a request as JSON.

A line that cannot be used is a `LineProblem`, and the rest of the file is still imported; an unreadable file is a
`CatalogueError`.
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from faust_app.core.messages.events import MAX_ID_BYTES, MAX_NAME_BYTES, BatchItem, ImageRequest, Op
from faust_app.core.messages.field_errors import problems
from faust_app.core.messages.strict_json import NotStrict, check_strict

Format = Literal["woocommerce", "jsonl"]

MAX_LINE_BYTES: Final = 64 * 1024
"""Most bytes of a request in JSON lines."""
_ID_BYTES: Final = 48
_ID_DIGITS: Final = 12
_DELIMITERS: Final = (",", ";", "\t")
_NEXT_IMAGE: Final = re.compile(r",\s*(?=https?://)")
"""Separates two addresses; an address may itself contain commas."""

_FOREIGN: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("a Shopify export", frozenset({"Handle", "Image Src"})),
    ("a Shopify export", frozenset({"URL handle", "Product image URL"})),
    ("a Magento export", frozenset({"sku", "base_image"})),
    ("a PrestaShop export", frozenset({"Product ID", "Image URLs (x,y,z...)"})),
    ("a Wix export", frozenset({"handleId", "productImageUrl"})),
    ("a Squarespace export", frozenset({"Product ID [Non Editable]", "Hosted Image URLs"})),
    ("a BigCommerce export", frozenset({"Product ID", "Product Image File - 1"})),
)
"""Exports of other shop systems, by columns that only they have."""
_CONTAINERS: Final = (
    (b"PK\x03\x04", "this is a ZIP file or an Excel workbook; save the products as CSV"),
    (b"\x1f\x8b", "this file is compressed; unpack it first"),
    (b"\xff\xfe", "this file is UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "this file is UTF-16; save it as UTF-8"),
)
_ONLY: Final = "only WooCommerce exports and JSON lines are supported"


class CatalogueError(Exception):
    """The file cannot be read past this line; the message says why and what to do."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One image of the file; `line` is where its record starts, `end` how many bytes of the file have been read."""

    line: int
    end: int
    request: ImageRequest


_JOINERS: Final = "\u200c\u200d"
"""They do not print, but Persian words and composed emoji need them."""
_SECOND_ADDRESS: Final = re.compile(r"(?:\s|[;|]\s*)https?://")


@dataclass(frozen=True, slots=True)
class LineProblem:
    """One image, or one record, that cannot be used, and why."""

    line: int
    field: str
    reason: str


Entry = CatalogueItem | LineProblem


def container_problem(start: bytes) -> str | None:
    """Return what kind of file this is by its first bytes, and what to do; None if it may be text."""
    return next((reason for mark, reason in _CONTAINERS if start.startswith(mark)), None)


def product_columns(header: str) -> tuple[str, list[str]]:
    """Return the delimiter that yields a column `Images`, and the names of all columns. Raises CatalogueError."""
    if header.lstrip("\ufeff \t").startswith(("{", "[")):
        raise CatalogueError(1, "this is JSON, not a WooCommerce export; import requests as JSON lines with `--format jsonl`")
    for delimiter in _DELIMITERS:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
        if "Images" in names:
            return delimiter, names
        for export, signs in _FOREIGN:
            if signs.issubset(names):
                raise CatalogueError(1, f"this is {export}; {_ONLY}")
    raise CatalogueError(1, "there is no column `Images`; export the products with all columns and English column names")


def product_entries(values: Mapping[str, str], line: int, end: int, shop_no: int) -> Iterator[Entry]:
    """Yield the images of one product of a WooCommerce export, by its columns `Images`, `SKU`, `ID` and `Name`."""
    addresses = dict.fromkeys(part.strip(" ,\t\r\n").partition("#")[0] for part in _NEXT_IMAGE.split(values.get("Images", "")))
    addresses.pop("", None)
    if not addresses:
        return
    number, sku = values.get("ID", "").strip(), values.get("SKU", "").strip()
    if not (sku or number):
        yield LineProblem(line, "SKU", "neither SKU nor ID is given, so its images cannot be named")
        return
    labels = _labels(values.get("Name", ""), sku)
    seen: Counter[str] = Counter()
    for url in addresses:
        if _SECOND_ADDRESS.search(url):
            yield LineProblem(line, "Images", "a cell holds two addresses without a comma between them; separate them by commas")
            continue
        path = url.partition("?")[0]
        seen[path] += 1
        name = image_id(sku or number, path, seen[path])
        asked: dict[str, Any] = {"op": Op.REGISTER, "shop_no": shop_no, "image_id": name, "source_url": url}
        product_id = number or sku
        if len(product_id.encode()) <= MAX_ID_BYTES:  # it only groups images: one that is too long is left out
            asked["product_id"] = product_id
        asked |= labels
        yield from _validated(line, end, lambda asked=asked: ImageRequest.model_validate(asked))  # type: ignore[misc]


def _labels(name: str, sku: str) -> dict[str, str]:
    """Return the fields that only label the image: no picture is refused for its product's name, so that is cut and cleaned."""
    words = " ".join("".join(character if character.isprintable() or character in _JOINERS else " " for character in name).split())
    labels = {"product_name": words.encode()[:MAX_NAME_BYTES].decode(errors="ignore").rstrip()}
    if len(sku.encode()) <= MAX_ID_BYTES and sku.isprintable():
        labels["sku"] = sku
    return {field: value for field, value in labels.items() if value}


def image_id(product: str, path: str, nth: int = 1) -> str:
    """Return the id of a product's image: the product's name, cut at a character, and a digest of the address.

    `path` is the address without query and fragment: shops change `?v=` with every new file, and the new file must replace the
    old one. `nth` counts the addresses of one product that differ in their query alone.
    """
    cut = product.encode()[:_ID_BYTES].decode(errors="ignore")
    identity = path if nth == 1 else f"{path}#{nth}"
    return f"{cut}-{hashlib.sha256(identity.encode(errors='surrogatepass')).hexdigest()[:_ID_DIGITS]}"


class _JsonLine(BatchItem):
    op: Annotated[Op, Field(strict=False)] = Op.REGISTER


def json_entries(text: bytes, line: int, end: int, shop_no: int) -> Iterator[Entry]:
    """Yield the request of one JSON line, or a problem for each field that is wrong."""

    def build() -> ImageRequest:
        check_strict(text, MAX_LINE_BYTES)
        values = _JsonLine.model_validate_json(text).model_dump(exclude_none=True)
        return ImageRequest.model_validate({"shop_no": shop_no, **values})

    yield from _validated(line, end, build)


def _validated(line: int, end: int, build: Callable[[], ImageRequest]) -> Iterator[Entry]:
    try:
        yield CatalogueItem(line, end, build())
    except NotStrict as problem:
        yield LineProblem(line, "body", str(problem))
    except ValidationError as error:
        for field, reason in problems(error):
            yield LineProblem(line, field, reason)
