"""The products of a sample shop, generated from the shop's number alone: the same shop always sells the same."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devstack.sample.catalogue import ORIGIN

if TYPE_CHECKING:
    from devstack.sample.shops import Assortment

KINDS = ("jpg", "png", "gif", "webp", "avif")
KIND_WEIGHTS = (60, 12, 6, 14, 8)
# Sizes as in a shop's media library: thumbnails, ordinary photographs, and a few straight from the camera.
SIZES = ((5_000, 20_000), (40_000, 220_000), (300_000, 700_000), (1_200_000, 2_000_000))
SIZE_WEIGHTS = (14, 70, 11, 2)
# The pictures that cannot be stored, by shop number: gone, not a picture, half a picture. Each fails at once: a missing one
# (404) would be tried again after a minute, and `make run` would wait for it.
UNUSABLE = {
    7: ("/status/410/{name}.jpg", "/broken/html/{name}.jpg"),
    42: ("/broken/truncated/{name}.png", "/status/410/{name}.webp"),
    1000003: ("/status/410/{name}.jpg", "/broken/html/{name}.png"),
}

DESCRIPTION = (
    "<h2>{name}</h2>\n<p>Made in small batches; <strong>no two alike</strong>.</p>\n"
    '<ul>\n<li>Care: "by hand"</li>\n<li>See <a href="https://{site}/care?a=1&amp;b=2">our notes</a>, please</li>\n</ul>'
)


@dataclass
class Shop:
    """Generates one shop's export rows."""

    assortment: Assortment
    random: random.Random = field(init=False)
    next_id: int = field(init=False)
    unusable: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.assortment.shop)  # noqa: S311 - a catalogue, not a secret
        self.next_id = self.random.randint(1_000, 9_000)
        self.unusable = list(UNUSABLE[self.assortment.shop])

    def rows(self) -> list[dict[str, str]]:
        """Return the export's rows: each product, and after a variable product its variations."""
        things = enumerate(self.assortment.things)
        return [row for index, name in things for row in self._product(index, name)]

    def _product(self, index: int, name: str) -> list[dict[str, str]]:
        row = self._described(index, name)
        if index % 4 == 1:
            return self._variable(row)
        if index == len(self.assortment.things) - 1:
            return [{**row, "Images": ""}]
        return [{**row, "Type": "simple", "Regular price": self._price()}]

    def _described(self, index: int, name: str) -> dict[str, str]:
        identity = self._identity()
        has_sku = index != 2  # noqa: PLR2004 - one product of each shop has no SKU
        return {
            "ID": identity,
            "Type": "simple",
            "SKU": f"S{self.assortment.shop}-{index:03d}" if has_sku else "",
            "Name": name,
            "Short description": f"<p>{name}, from our workshop</p>" if index % 2 else "",
            "Description": self._description(index, name),
            "Stock": str(self.random.randint(0, 80)) if index % 3 else "",
            "Categories": self.assortment.category,
            "Tags": "new, gift" if index % 5 == 0 else "",
            "Weight (kg)": f"{self.random.uniform(0.1, 4):.2f}",
            "Images": ", ".join(self._images(identity, self.random.randint(4, 8))),
        }

    def _variable(self, row: dict[str, str]) -> list[dict[str, str]]:
        option, choices = self.assortment.option, self.assortment.choices
        attribute = {"Attribute 1 name": option, "Attribute 1 visible": "1", "Attribute 1 global": "1"}
        parent = {**row, **attribute, "Type": "variable", "Attribute 1 value(s)": ", ".join(choices)}
        variations = [
            {**self._variation(parent, position, choice), **attribute, "Attribute 1 value(s)": choice}
            for position, choice in enumerate(choices, 1)
        ]
        # The last variation shows a picture that is in the product's own gallery too.
        variations[-1]["Images"] = parent["Images"].split(", ")[0]
        return [parent, *variations]

    def _variation(self, parent: dict[str, str], position: int, choice: str) -> dict[str, str]:
        identity = self._identity()
        return {
            "ID": identity,
            "Type": "variation",
            "SKU": f"{parent['SKU']}-{position}" if parent["SKU"] else "",
            "Name": f"{parent['Name']} - {choice}",
            "Regular price": self._price(),
            "Parent": parent["SKU"] or f"id:{parent['ID']}",
            "Position": str(position),
            "Images": ", ".join(self._images(identity, 1)),
        }

    def _images(self, identity: str, count: int) -> list[str]:
        images = [self._image(f"{self.assortment.shop}-{identity}-{number}") for number in range(1, count + 1)]
        if count > 1 and self.unusable and self.random.random() < 0.3:  # noqa: PLR2004
            images.append(ORIGIN + self.unusable.pop(0).format(name=f"{self.assortment.shop}-{identity}-x"))
        return images

    def _image(self, name: str) -> str:
        (kind,) = self.random.choices(KINDS, KIND_WEIGHTS)
        ((low, high),) = self.random.choices(SIZES, SIZE_WEIGHTS)
        return f"{ORIGIN}/pictures/{name}.{kind}?bytes={self.random.randrange(low, high, 1000)}"

    def _description(self, index: int, name: str) -> str:
        text = DESCRIPTION.format(name=re.sub(r"[<>&]", "", name), site=self.assortment.site)
        # Newer exporters write a line end as the two characters \n, older ones as a line end.
        return text if index % 2 else text.replace("\n", "\\n")

    def _identity(self) -> str:
        self.next_id += self.random.randint(1, 9)
        return str(self.next_id)

    def _price(self) -> str:
        return f"{self.random.randint(5, 180)}.{self.random.choice(('00', '50', '90'))}"
