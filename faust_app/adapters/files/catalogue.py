"""Reads catalogue files as streams: a file of any length takes the memory of one record."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from faust_app.core.imports.catalogue import (
    MAX_LINE_BYTES,
    CatalogueError,
    Entry,
    Format,
    LineProblem,
    container_problem,
    json_entries,
    product_columns,
    product_entries,
)

MAX_FIELD: Final = 16 * 1024 * 1024
"""Most characters of a line or field of a CSV file: descriptions may hold whole pictures as text, and memory stays bounded."""


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """Implements `flows.ports.imports.Catalogue` on a file of the machine."""

    path: Path
    file_format: Format
    shop_no: int

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def sha256(self) -> bytes:
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()

    def entries(self) -> Iterator[Entry]:
        with self.path.open("rb") as stream:
            yield from read_catalogue(stream, self.file_format, self.shop_no)


def read_catalogue(stream: BinaryIO, file_format: Format, shop_no: int) -> Iterator[Entry]:
    """Yield every image of the file, or the problem of a line that cannot be used. Raises CatalogueError."""
    readers: dict[Format, Callable[[BinaryIO, int], Iterator[Entry]]] = {"woocommerce": _read_woocommerce, "jsonl": _read_jsonl}
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    try:
        problem = container_problem(buffered.peek(4)[:4])
        if problem is not None:
            raise CatalogueError(1, problem)
        yield from readers[file_format](buffered, shop_no)
    finally:
        if buffered is not stream:
            buffered.detach()  # the stream belongs to the caller


def _read_jsonl(stream: BinaryIO, shop_no: int) -> Iterator[Entry]:
    end = 0
    for number, line in enumerate(_lines_up_to(stream, MAX_LINE_BYTES), 1):
        end += len(line)
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if len(line) > MAX_LINE_BYTES:
            yield LineProblem(number, "line", f"is longer than {MAX_LINE_BYTES} bytes")
        elif text:
            yield from json_entries(text, number, end, shop_no)


def _lines_up_to(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """Yield the lines; of a longer line only the first `limit` + 1 bytes, the rest is skipped."""
    while line := stream.readline(limit + 1):
        yield line
        while len(line) > limit and not line.endswith(b"\n"):
            line = stream.readline(limit + 1)
            if not line:
                return


def _read_woocommerce(stream: BinaryIO, shop_no: int) -> Iterator[Entry]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        yield from _read_products(_text_lines(text), stream, shop_no)
    finally:
        text.detach()  # the stream belongs to the caller


def _text_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of the file. Raises CatalogueError for a line that is too long or not text."""
    number = 0
    try:
        while line := text.readline(MAX_FIELD + 1):
            number += 1
            if len(line) > MAX_FIELD:
                raise CatalogueError(number, f"this line is longer than {MAX_FIELD:,} characters; is this a product export?")
            if "\0" in line:
                raise CatalogueError(number, "contains a NUL byte; the file is damaged or not CSV")
            yield line
    except UnicodeDecodeError as error:
        raise CatalogueError(number + 1, "the file is not UTF-8 near this line; export it as UTF-8") from error


def _read_products(lines: Iterator[str], stream: BinaryIO, shop_no: int) -> Iterator[Entry]:
    header = next(lines, None)
    if header is None or not header.strip():
        raise CatalogueError(1, "the file is empty or does not begin with column names")
    delimiter, columns = product_columns(header)
    csv.field_size_limit(MAX_FIELD)  # one limit for the whole process; the default is 131,072
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = 2
    while True:
        try:
            values = next(reader, None)
        except csv.Error as error:
            raise CatalogueError(start, f"this record is malformed ({error}); look for an unclosed quote") from error
        if values is None:
            return
        yield from product_entries(dict(zip(columns, values, strict=False)), start, stream.tell(), shop_no)
        start = reader.line_num + 2  # the reader did not see the header
