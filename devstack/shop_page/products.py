"""What the shop sells: its own list, which no image system has to tell it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Product:
    """A product; its number is the `product_id` that its images were registered with."""

    number: str
    name: str
    price: str


def read_products(file: Path) -> list[Product]:
    """Return the products of an export, without variations, in its order."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["Type"] != "variation"]
    return [Product(row["ID"], row["Name"], row["Regular price"]) for row in rows]
