"""Regenerates the catalogue files of the sample shops: `python -m devstack.sample`."""

from __future__ import annotations

from devstack.sample.catalogue import FOLDER
from devstack.sample.export import exported
from devstack.sample.products import Shop
from devstack.sample.shops import SHOPS


def write_catalogue() -> None:
    """Write one file per shop, the same at each call."""
    for assortment in SHOPS:
        contents = exported(Shop(assortment).rows(), byte_order_mark=assortment.byte_order_mark)
        (FOLDER / f"shop-{assortment.shop}.csv").write_bytes(contents)


if __name__ == "__main__":
    write_catalogue()
