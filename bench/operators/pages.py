"""How fast the operator's pages are among a million images of many shops, and a million of one shop."""

import time
from dataclasses import dataclass
from statistics import median
from typing import Final
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from bench.installation import Installation, installed
from bench.operators.operate import fill
from bench.requests import answer_to, first_answer, request_of

OF_ONE_SHOP: Final = 1_000_000
_SHOP: Final = 7
_ROUNDS: Final = 9
_STEP: Final = 200_000
# Each has a stored picture, so that it is found by its object key; every tenth product has ten images.
_BIG_SHOP: Final = """
INSERT INTO image (shop_no, image_id, product_id, version, op, requested_at, updated_at, state, source_url, source_host, shown_version,
    object_key, shown_url, sha256, bytes, content_type, width, height)
SELECT 7, LPAD({first} + seq, 10, '0'), CONCAT('p', ({first} + seq) DIV 10), 1, 'update', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 'DONE',
    CONCAT('https://shop.test/big/', {first} + seq), 'shop.test', 1,
    CONCAT('shops/7/', LEFT(SHA2(LPAD({first} + seq, 10, '0'), 256), 20), '/1-0123456789abcdef.jpg'),
    CONCAT('https://shop.test/big/', {first} + seq), UNHEX(SHA2('x', 256)), 100000, 'image/jpeg', 800, 600 FROM seq_1_to_{count}
"""
_WITH_PRODUCTS: Final = "UPDATE image SET product_id = CONCAT('f', shop_no) WHERE state = 'FAILED'"


@dataclass(frozen=True)
class PageFigures:
    """Seconds of one page at the server, median and slowest, its bytes, and how long it may take."""

    page: str
    seconds: float
    slowest: float
    size: int
    target: float


def pages() -> None:
    """Measure the operator's pages among two million images."""
    table = Table("page", "median", "slowest", "size", "to hold")
    with installed("structure") as installation:
        figures = measure_pages(installation)
    for each in figures:
        table.add_row(
            each.page,
            f"{each.seconds * 1000:,.0f} ms",
            f"{each.slowest * 1000:,.0f} ms",
            f"{each.size / 1000:,.0f} kB",
            f"< {each.target * 1000:,.0f} ms",
        )
    Console(width=150).print(table)


def measure_pages(installation: Installation) -> list[PageFigures]:
    """Fill the tables and ask the web process for each page again and again; the first answer of each is not counted."""
    fill(installation)
    installation.execute(_WITH_PRODUCTS)
    for first in range(0, OF_ONE_SHOP, _STEP):
        installation.execute(_BIG_SHOP.format(first=first, count=_STEP))
    installation.execute("ANALYZE TABLE image")
    with installation.process("faust_app.web_app"):
        first_answer(request_of(installation, "/stalled"))  # behind the first samples, so that the pages show numbers
        return [_measured(installation, page, target) for page, target in _pages(installation)]


def _pages(installation: Installation) -> list[tuple[str, float]]:
    page, search, of_shop = 0.3, 0.1, 0.02
    key = "shops/7/{}/1-0123456789abcdef.jpg"
    with_key = key.format(_folder(installation, "0000777777"))
    searches = ("0000777777", "7:0000777777", "p77777", "f1500", with_key, "https://shop.test/big/777777", "nothing-of-this-name")
    return [
        *((path, page) for path in (
            "/admin/overview", "/admin/causes", "/admin/causes/source_gone@h7.test", "/admin/products", "/admin/republish",
            "/admin/republish?cause=source_gone%40h7.test", "/admin/shops/1500", "/admin/shops/7", "/admin/shops/7?state=done",
            "/admin/shops/7?product=p77777", "/admin/shops/7/images/0000777777", "/admin/shops/7/imports", "/admin/shops/7/rejections",
            "/admin/records", "/admin/alerts", "/admin/timeline", "/admin/audit", "/admin/sessions", "/lag", "/stalled",
            "/stalled?shop=7",
        )),
        *((f"/admin/search?{urlencode({'q': text})}", search) for text in searches),
        ("/v1/shops/7/images?limit=100", of_shop),
        ("/v1/shops/7/images?limit=100&after=MDAwMDUwMDAwMA==", of_shop),
        ("/v1/shops/7/images?limit=100&state=done&after=MDAwMDUwMDAwMA==", of_shop),
        ("/v1/shops/7/images?limit=100&product_id=p77777", of_shop),
    ]  # fmt: skip


def _folder(installation: Installation, image_id: str) -> str:
    number = installation.query(f"SELECT CONV(LEFT(SHA2('{image_id}', 256), 15), 16, 10)")
    rest = installation.query(f"SELECT CONV(SUBSTR(SHA2('{image_id}', 256), 16, 5), 16, 10)")
    return f"{number:015x}{rest:05x}"


def _measured(installation: Installation, path: str, target: float) -> PageFigures:
    size, _ = _get(installation, path)
    taken = [_get(installation, path)[1] for _ in range(_ROUNDS)]
    return PageFigures(path, median(taken), max(taken), size, target)


def _get(installation: Installation, path: str) -> tuple[int, float]:
    """Return the bytes of the answer, and the seconds until it was read."""
    request, began = request_of(installation, path, accept="application/json" if path.startswith("/v1/") else "text/html"), time.monotonic()
    return len(answer_to(request)), time.monotonic() - began
