"""What the sample shops sell, and in which variants."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assortment:
    """One shop: its number, the site its links point to, and what it sells."""

    shop: int
    site: str
    category: str
    things: tuple[str, ...]
    option: str
    choices: tuple[str, ...]
    byte_order_mark: bool = False


SHOPS = (
    Assortment(
        shop=7,
        site="keramik-linden.example",
        category="Küche > Keramik",
        things=(
            "Teekanne „Morgen“",
            "Becher, 250 ml",
            "Schale mit Fuß",
            "Butterdose",
            "Milchkännchen",
            "Salatschüssel, groß",
            "Eierbecher (2er-Set)",
            "Vase „Rhön“",
            "Blumentopf mit Untersetzer",
            "Gewürzmörser",
            "Auflaufform, oval",
            "Zuckerdose",
            "Tortenplatte",
            "Espressotasse",
        ),
        option="Glasur",
        choices=("Salbei", "Ocker", "Nachtblau"),
        byte_order_mark=True,
    ),
    Assortment(
        shop=42,
        site="trail-and-timber.example",
        category="Outdoor > Camp",
        things=(
            'Folding Saw 10"',
            "Two-Person Tent, 3 Season",
            "Enamel Mug",
            "Down Quilt",
            "Titanium Spork",
            "Trekking Poles, Pair",
            "Dry Bag 20 L",
            "Headlamp 400 lm",
            "Camp Stove & Windscreen",
            "Merino Base Layer",
            "Rain Shell",
            "Wool Socks",
            "Water Filter",
            "Hammock",
            "First Aid Kit",
            "Map Case",
        ),
        option="Color",
        choices=("Moss", "Rust", "Slate"),
    ),
    Assortment(
        shop=1000003,
        site="akari-lamps.example",
        category="照明 > ランプ",
        things=(
            "和紙ペンダントライト",
            "デスクランプ",
            "フロアランプ「竹」",
            "ブラケットライト",
            "テーブルランプ 小",
            "テーブルランプ 大",
            "ソーラーランタン",
            "ナイトライト",
            "LED電球 E26",
            "調光スイッチ",
            "シェード 丸型",
            "シェード 角型",
            "クリップライト",
            "スタンドライト",
        ),
        option="サイズ",
        choices=("S", "M", "L"),
    ),
)
