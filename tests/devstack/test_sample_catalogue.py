import csv
import io
import re
from pathlib import Path

from devstack.sample.catalogue import ORIGIN, catalogue_files, catalogue_for
from devstack.sample.export import COLUMNS, exported
from devstack.sample.products import Shop
from devstack.sample.shops import SHOPS

BOM = b"\xef\xbb\xbf"


def rows() -> list[dict[str, str]]:
    texts = (file.read_text(encoding="utf-8-sig") for file in catalogue_files().values())
    return [row for text in texts for row in csv.DictReader(io.StringIO(text))]


def pictures() -> set[str]:
    return {url for row in rows() for url in row["Images"].split(", ") if url}


def test_three_shops_offer_forty_products_with_250_pictures() -> None:
    assert len(catalogue_files()) == 3
    assert sum(row["Type"] != "variation" for row in rows()) >= 40
    assert len(pictures()) >= 250


def test_the_files_are_what_the_generator_writes() -> None:
    for assortment in SHOPS:
        contents = exported(Shop(assortment).rows(), byte_order_mark=assortment.byte_order_mark)

        assert catalogue_files()[assortment.shop].read_bytes() == contents


def test_all_formats_and_sizes_occur_within_a_moderate_total() -> None:
    sizes = [int(size) for url in pictures() for size in re.findall(r"bytes=(\d+)", url)]

    assert {url.partition("?")[0].rpartition(".")[2] for url in pictures()} == {"jpg", "png", "gif", "webp", "avif"}
    assert min(sizes) < 10_000
    assert max(sizes) > 1_200_000
    assert 40e6 < sum(sizes) < 60e6


def test_a_few_pictures_are_missing_or_broken() -> None:
    assert 3 <= sum("/pictures/missing" in url or "/broken/" in url or "/status/" in url for url in pictures()) <= 10


def test_the_oddities_of_real_exports_occur() -> None:
    everything = rows()

    assert sum(file.read_bytes().startswith(BOM) for file in catalogue_files().values()) == 1
    assert set(everything[0]) == set(COLUMNS)
    assert any(not row["SKU"] and row["Type"] == "simple" for row in everything)
    assert any(not row["Images"] and row["Type"] == "simple" for row in everything)
    assert any(row["Parent"] and row["Images"] for row in everything)
    assert any("\n" in row["Description"] and '"' in row["Description"] for row in everything)


def test_another_port_gets_a_copy_with_its_own_addresses(tmp_path: Path) -> None:
    copies = catalogue_for("http://127.0.0.1:31999", tmp_path)

    assert copies.keys() == catalogue_files().keys()
    for shop, copy in copies.items():
        assert ORIGIN not in copy.read_text()
        assert copy.stat().st_size == catalogue_files()[shop].stat().st_size


def test_the_files_are_where_the_readme_imports_them_from_at_the_default_port_too(tmp_path: Path) -> None:
    copies = catalogue_for(ORIGIN, tmp_path)

    assert {shop: copy.read_bytes() for shop, copy in copies.items()} == {
        shop: file.read_bytes() for shop, file in catalogue_files().items()
    }
