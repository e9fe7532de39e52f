"""Catalogue files as shops really write them, and as they should not."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.catalogue import CatalogueError, CatalogueItem, Entry, Format, LineProblem, image_id, read_catalogue

COLUMNS = ["ID", "Type", "SKU", "Name", "Description", "Images", "Parent"]
A, B = "https://shop.test/a.jpg", "https://shop.test/b,c.jpg?x=1,2"


def export(*rows: dict[str, str], delimiter: str = ",", bom: bool = False, columns: list[str] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode()


def read(content: bytes, file_format: Format = "woocommerce") -> list[Entry]:
    return list(read_catalogue(io.BytesIO(content), file_format, 7))


def items(content: bytes, file_format: Format = "woocommerce") -> list[tuple[int, str, str | None, str | None]]:
    entries = read(content, file_format)
    assert all(isinstance(entry, CatalogueItem) for entry in entries), entries
    return [
        (entry.line, entry.request.image_id, entry.request.product_id, entry.request.source_url)
        for entry in entries
        if isinstance(entry, CatalogueItem)
    ]


def test_a_product_has_several_images_and_their_addresses_may_hold_commas() -> None:
    content = export({"ID": "5", "SKU": "S", "Images": f"{A}, {B},{A}?v=2"})
    assert [(line, product, url) for line, _, product, url in items(content)] == [(2, "5", A), (2, "5", B), (2, "5", f"{A}?v=2")]


def test_the_id_is_the_sku_or_else_the_id_with_the_addresss_digest() -> None:
    content = export({"ID": "5", "SKU": "S", "Images": A}, {"ID": "6", "Images": A}, {"SKU": "T", "Images": A})
    assert [(i, product) for _, i, product, _ in items(content)] == [
        (image_id("S", A), "5"),
        (image_id("6", A), "6"),
        (image_id("T", A), "T"),
    ]


def test_a_long_sku_is_cut_at_a_character() -> None:
    name = image_id("é" * 40, A)
    assert name.startswith("é" * 24 + "-")
    assert len(name.encode()) == 48 + 1 + 12
    assert len(image_id("€" * 40, A).encode()) == 48 + 1 + 12
    assert len(image_id("x" + "€" * 40, A).encode()) == 46 + 1 + 12


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [False, True])
def test_delimiters_byte_order_marks_and_quoted_newlines_are_read(delimiter: str, *, bom: bool) -> None:
    rows = [{"ID": "1", "Description": 'two\nlines; "quoted", <p>\n', "Images": A}, {"ID": "2", "Images": A}]
    assert [line for line, *_ in items(export(*rows, delimiter=delimiter, bom=bom))] == [2, 5]


def test_columns_come_in_any_order_and_unknown_ones_are_ignored() -> None:
    content = export({"ID": "1", "Images": A, "Meta: _x": "y"}, columns=["Meta: _x", "Images", "ID"])
    assert [url for *_, url in items(content)] == [A]


def test_a_variation_has_its_own_images_and_a_product_without_images_gives_none() -> None:
    rows = [{"ID": "1", "SKU": "P", "Images": ""}, {"ID": "2", "SKU": "P-red", "Parent": "P", "Images": A}, {"ID": "3", "Images": " , "}]
    assert [product for _, _, product, _ in items(export(*rows))] == ["2"]


def test_the_same_address_twice_in_a_product_is_one_image() -> None:
    assert len(items(export({"ID": "1", "Images": f"{A}, {A}"}))) == 1


def test_what_a_line_lacks_is_told_by_its_number_and_the_rest_goes_in() -> None:
    rows = [
        {"ID": "1", "Description": "a\nb", "Images": A},
        {"Images": A},
        {"ID": "3", "Images": "ftp://shop.test/a.jpg"},
        {"ID": "4", "Images": "img.jpg"},
        {"ID": "5\x07", "Images": A},
        {"ID": "6", "Images": A},
    ]
    entries = read(export(*rows))
    problems = {(entry.line, entry.field) for entry in entries if isinstance(entry, LineProblem)}
    assert problems == {(4, "SKU"), (5, "source_url"), (6, "source_url"), (7, "image_id"), (7, "product_id")}
    assert [e.line for e in entries if isinstance(e, CatalogueItem)] == [2, 8]


def test_a_product_id_that_does_not_fit_is_left_out() -> None:
    ((_, _, product, _),) = items(export({"SKU": "x" * 65, "Images": A}))
    assert product is None


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b"", 1, "empty"),
        (b"\n", 1, "empty"),
        (b"ID,SKU,Bilder\n1,S,x\n", 1, "no column `Images`"),
        (b"\x89PNG\r\n\x1a\n\x00\x01", 1, "UTF-8"),
        (export({"ID": "1", "Images": A}).replace(b"1", b"\xe9"), 2, "UTF-8"),
        (export({"ID": "1", "Images": A}) + b"2,,\x00,,,,\n", 3, "NUL"),
        (export({"ID": "1", "Images": A}) + b'2,,,"never closed,,\n' + b"x\n" * 10, 3, "quote"),
        (export({"ID": "1", "Images": A}) + b'2,,,"' + b"x" * 200_000 + b'",,\n', 3, "limit"),
    ],
)
def test_an_unreadable_file_is_told_by_its_line(content: bytes, line: int, says: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read(content)
    assert says in str(caught.value)
    assert caught.value.line <= line


def test_json_lines_are_requests_without_their_shop() -> None:
    lines = [
        {"image_id": "a", "source_url": A, "external_version": 3, "product_id": "p"},
        {"op": "delete", "image_id": "b"},
    ]
    content = b"\xef\xbb\xbf" + b"\n\n".join(json.dumps(line).encode() for line in lines)
    assert items(content, "jsonl") == [(1, "a", "p", A), (3, "b", None, None)]


def test_a_bad_json_line_is_told_by_its_number_and_field() -> None:
    content = b'{"image_id":"a"}\n{broken\n[]\n{"image_id":"a","source_url":"https://h/a","colour":1}\n{"image_id":"ok","source_url":"https://h/a"}\n'
    entries = read(content + b'{"image_id":"' + b"x" * 70_000 + b'"}\n{"op":"delete","image_id":"end"}', "jsonl")
    problems = [(entry.line, entry.field) for entry in entries if isinstance(entry, LineProblem)]
    assert problems == [(1, "source_url"), (2, "body"), (3, "body"), (4, "colour"), (6, "line")]
    assert [entry.line for entry in entries if isinstance(entry, CatalogueItem)] == [5, 7]


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20), st.text('ab\n",;é ', max_size=30)),
        max_size=8,
    )
)
def test_whatever_is_written_around_an_image_it_is_read_back(products: list[tuple[str, str]]) -> None:
    rows = [{"ID": str(n + 1), "SKU": sku, "Description": text, "Images": A} for n, (sku, text) in enumerate(products)]
    entries = read(export(*rows))
    assert [entry.request.product_id for entry in entries if isinstance(entry, CatalogueItem)] == [row["ID"] for row in rows]


@given(st.binary(max_size=300), st.sampled_from(["woocommerce", "jsonl"]))
def test_any_bytes_are_items_problems_or_a_named_error(content: bytes, file_format: Format) -> None:
    try:
        read(b"ID,Images\n" + content if file_format == "woocommerce" else content, file_format)
    except CatalogueError as error:
        assert error.line >= 1
