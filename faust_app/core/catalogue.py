"""Catalogue files become image requests, line by line: a product export of WooCommerce, or requests as JSON lines.

Reading streams: a file of any length takes the memory of one record. What a line lacks is a `LineProblem` and the rest
goes in; what makes the file unreadable is a `CatalogueError`.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO, Final, Literal

from pydantic import Field, ValidationError

from faust_app.core.events import MAX_ID_BYTES, BatchItem, ImageRequest, Op, problems
from faust_app.core.strict_json import NotStrict, check_strict

Format = Literal["woocommerce", "jsonl"]

MAX_LINE_BYTES: Final = 64 * 1024
_ID_BYTES: Final = 48
_ID_DIGITS: Final = 12
_DELIMITERS: Final = (",", ";", "\t")
_NEXT_IMAGE: Final = re.compile(r",\s*(?=https?://)")
"""Between two addresses: an address may hold commas of its own."""


class CatalogueError(Exception):
    """The file cannot be read on from this line; the message says why and what to do."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One image of the file; `line` is where its record starts, `end` how many bytes of the file are read."""

    line: int
    end: int
    request: ImageRequest


@dataclass(frozen=True, slots=True)
class LineProblem:
    """One image, or one record, that cannot be taken, and why."""

    line: int
    field: str
    reason: str


Entry = CatalogueItem | LineProblem


def read_catalogue(stream: BinaryIO, file_format: Format, shop_no: int) -> Iterator[Entry]:
    """Yield every image of the file, or what is wrong with its line. Raises CatalogueError."""
    readers: dict[Format, Callable[[BinaryIO, int], Iterator[Entry]]] = {"woocommerce": _read_woocommerce, "jsonl": _read_jsonl}
    return readers[file_format](stream, shop_no)


class _JsonLine(BatchItem):
    op: Annotated[Op, Field(strict=False)] = Op.REGISTER


def _read_jsonl(stream: BinaryIO, shop_no: int) -> Iterator[Entry]:
    end = 0
    for number, line in enumerate(_lines_up_to(stream, MAX_LINE_BYTES), 1):
        end += len(line)
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if len(line) > MAX_LINE_BYTES:
            yield LineProblem(number, "line", f"is longer than {MAX_LINE_BYTES} bytes")
        elif text:
            yield from _validated(number, end, lambda text=text: _json_request(text, shop_no))  # type: ignore[misc]


def _lines_up_to(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """Yield the lines; of a longer one as much as shows that it is, the rest is passed over."""
    while line := stream.readline(limit + 1):
        yield line
        while len(line) > limit and not line.endswith(b"\n"):
            line = stream.readline(limit + 1)
            if not line:
                return


def _json_request(text: bytes, shop_no: int) -> ImageRequest:
    check_strict(text, MAX_LINE_BYTES)
    values = _JsonLine.model_validate_json(text).model_dump(exclude_none=True)
    return ImageRequest.model_validate({"shop_no": shop_no, **values})


def _read_woocommerce(stream: BinaryIO, shop_no: int) -> Iterator[Entry]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        yield from _read_products(_checked_lines(text), stream, shop_no)
    finally:
        text.detach()  # the stream belongs to the caller


def _checked_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of the file. Raises CatalogueError where they are no text."""
    number = 1
    try:
        for number, line in enumerate(text, 1):
            if "\0" in line:
                raise CatalogueError(number, "contains a NUL byte; the file is damaged or not a CSV")
            yield line
    except UnicodeDecodeError as error:
        raise CatalogueError(number, "near here the file is not UTF-8; export it again as UTF-8") from error


def _read_products(lines: Iterator[str], stream: BinaryIO, shop_no: int) -> Iterator[Entry]:
    header = next(lines, None)
    if header is None or not header.strip():
        raise CatalogueError(1, "the file is empty or does not begin with its column names")
    delimiter, columns = _columns(header)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = 2
    while True:
        try:
            values = next(reader, None)
        except csv.Error as error:
            raise CatalogueError(start, f"this record is broken ({error}); look for a quote that is not closed") from error
        if values is None:
            return
        yield from _product(dict(zip(columns, values, strict=False)), start, stream, shop_no)
        start = reader.line_num + 2  # the reader has not seen the header


def _columns(header: str) -> tuple[str, list[str]]:
    """Return the delimiter that makes a column `Images`, and the columns' names."""
    for delimiter in _DELIMITERS:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
        if "Images" in names:
            return delimiter, names
    raise CatalogueError(1, "there is no column `Images`; export the products with all columns and English column names")


def _product(values: dict[str, str], line: int, stream: BinaryIO, shop_no: int) -> Iterator[Entry]:
    addresses = dict.fromkeys(part.strip(" ,\t\r\n") for part in _NEXT_IMAGE.split(values.get("Images", "")))
    addresses.pop("", None)
    if not addresses:
        return
    number, sku = values.get("ID", "").strip(), values.get("SKU", "").strip()
    if not (sku or number):
        yield LineProblem(line, "SKU", "neither SKU nor ID is given, so its images have no name")
        return
    for url in addresses:
        asked: dict[str, Any] = {"op": Op.REGISTER, "shop_no": shop_no, "image_id": image_id(sku or number, url), "source_url": url}
        product_id = number or sku
        if len(product_id.encode()) <= MAX_ID_BYTES:  # it only groups images: one that does not fit is left out
            asked["product_id"] = product_id
        yield from _validated(line, stream.tell(), lambda asked=asked: ImageRequest.model_validate(asked))  # type: ignore[misc]


def image_id(product: str, url: str) -> str:
    """Return the id of a product's image: the product's name, cut at a character, and the address's digest.

    The same product and address give the same id in every import; another address is another image.
    """
    cut = product.encode()[:_ID_BYTES].decode(errors="ignore")
    return f"{cut}-{hashlib.sha256(url.encode()).hexdigest()[:_ID_DIGITS]}"


def _validated(line: int, end: int, build: Callable[[], ImageRequest]) -> Iterator[Entry]:
    try:
        yield CatalogueItem(line, end, build())
    except NotStrict as problem:
        yield LineProblem(line, "body", str(problem))
    except ValidationError as error:
        for field, reason in problems(error):
            yield LineProblem(line, field, reason)
