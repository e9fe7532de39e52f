"""Catalogue files as shops really write them, and as they should not."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.sample.export import exported
from faust_app.adapters.files.catalogue import MAX_FIELD, read_catalogue
from faust_app.core.imports.catalogue import CatalogueError, CatalogueItem, Entry, Format, LineProblem, image_id

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


@pytest.mark.parametrize(
    ("name", "sku", "product_name", "kept"),
    [
        ("Red  shoe\n", "S", "Red shoe", "S"), ("", "", None, None), ("\x07", "S", None, "S"), ("é" * 150, "x" * 65, "é" * 100, None),
        ("x" * 199 + "é", "S", "x" * 199, "S"), ("a\u2028b", "S", "a b", "S"), ("👩\u200d🔧", "S", "👩\u200d🔧", "S"),
    ],
)  # fmt: skip
def test_name_and_sku_label_an_image_and_never_refuse_it(name: str, sku: str, product_name: str | None, kept: str | None) -> None:
    (entry,) = read(export({"ID": "1", "Name": name, "SKU": sku, "Images": A}, columns=["ID", "Name", "SKU", "Images"]))
    assert isinstance(entry, CatalogueItem)
    assert (entry.request.product_name, entry.request.sku) == (product_name, kept)


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
        (export({"ID": "1", "Images": A}) + b'2,,,"' + b"x\n" * (MAX_FIELD // 2 + 1) + b'",,\n', 3, "limit"),
        (export({"ID": "1", "Images": A}) + b"2,,," + b"x" * (MAX_FIELD + 1) + b",,\n", 3, "is longer than"),
        (
            b"Handle,Title,Image Src\na,b,https://h/a\n",
            1,
            "this is a Shopify export; only WooCommerce exports and JSON lines are supported",
        ),
        (b"Title,URL handle,Product image URL\n", 1, "this is a Shopify export"),
        (b"sku,name,base_image,additional_images\n", 1, "this is a Magento export"),
        (b"Product ID;Name;Image URLs (x,y,z...)\n", 1, "this is a PrestaShop export"),
        (b"handleId,fieldType,productImageUrl\n", 1, "this is a Wix export"),
        (b'{"image_id":"a"}\n', 1, "--format jsonl"),
        (b"PK\x03\x04rest of a workbook", 1, "save the products as CSV"),
        (b"\x1f\x8b\x08rest of an archive", 1, "unpack it first"),
        ("ID,Images\n".encode("utf-16"), 1, "save it as UTF-8"),
    ],
)
def test_an_unreadable_file_is_told_by_its_line(content: bytes, line: int, says: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read(content)
    assert says in str(caught.value)
    assert caught.value.line <= line


def test_a_description_of_a_megabyte_is_taken() -> None:
    content = export({"ID": "1", "Description": "x" * 1_000_000, "Images": A}, {"ID": "2", "Images": A})
    assert [product for _, _, product, _ in items(content)] == ["1", "2"]


def ids(*addresses: str) -> list[str]:
    return [name for _, name, _, _ in items(export({"SKU": "S", "Images": ", ".join(addresses)}))]


def test_a_changed_query_replaces_the_image_instead_of_adding_one() -> None:
    assert ids(f"{A}?v=1") == ids(f"{A}?v=2") == ids(A) == ids(f"{A}?v=1#top")


def test_addresses_of_a_product_that_differ_in_their_query_alone_stay_apart() -> None:
    first, second = ids("https://shop.test/image.php?id=1", "https://shop.test/image.php?id=2")
    assert first != second
    assert [first, second] == ids("https://shop.test/image.php?id=3", "https://shop.test/image.php?id=4")


def test_a_second_export_with_new_versions_of_its_files_names_the_same_images() -> None:
    products = [
        {"ID": str(n), "SKU": f"SKU-{n}", "Name": f"Shoe {n}", "Images": f"{A}?v=1, https://shop.test/{n}.png?v=1"} for n in range(9)
    ]
    before = items(exported(products, byte_order_mark=True))
    after = items(exported([{**row, "Images": row["Images"].replace("v=1", "v=2")} for row in products], byte_order_mark=True))
    assert [(line, name, product) for line, name, product, _ in before] == [(line, name, product) for line, name, product, _ in after]
    assert all(new == str(old).replace("v=1", "v=2") for (*_, old), (*_, new) in zip(before, after, strict=True))


def test_another_path_or_another_product_is_another_image() -> None:
    (one,) = ids(A)
    (other,) = ids("https://shop.test/c.jpg")
    (elsewhere,) = (name for _, name, _, _ in items(export({"SKU": "T", "Images": A})))
    assert len({one, other, elsewhere}) == 3


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "?v=1", "?v=2", "?id=1"])), max_size=8))
def test_images_of_a_product_never_share_an_id(addresses: list[tuple[str, str]]) -> None:
    urls = list(dict.fromkeys(f"https://shop.test/{path}{query}" for path, query in addresses))
    assert len(set(ids(*urls))) == len(urls)


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
