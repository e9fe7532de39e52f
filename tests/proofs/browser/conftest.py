"""An installation in which an operator has something to do."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation
from tests.proofs.browser.browser import chromium

SHOP = 7
FAILED = 12
"""Images that fail at first and are mended later."""


@pytest.fixture
def installation(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(install(), stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


@pytest.fixture
async def busy(installation: Installation, tmp_path: Path) -> Installation:
    """Images that are stored, failed and rejected, an import, and a record nobody can read."""
    await installation.start()
    await installation.register_many(SHOP, 5, "/flat/{n}?bytes=5000")
    mended = [
        {"op": "register", "image_id": f"late-{n}", "product_id": f"p{n}", "source_url": f"{installation.source}/flaky/1/{n}?status=410"}
        for n in range(FAILED)
    ]
    await installation.post(SHOP, [*mended, {"op": "register", "image_id": "<b>", "source_url": "ftp://nowhere/"}])
    file = tmp_path / "shop.jsonl"
    lines = [{"image_id": f"f{n}", "source_url": f"{installation.source}/flat/{n}?bytes=5000"} for n in range(3)]
    file.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"image_id": "bad"}]))
    await installation.run_command("import", str(file), "--shop", str(SHOP), "--format", "jsonl", code=1)
    await installation.produce(installation.topics.requests.name, b'{"shop_no": 7, "nonsense": "<script>alert(1)</script>"}')
    await installation.until(lambda: installation.states(SHOP) == {"DONE": 8, "FAILED": FAILED}, "everything ended")
    await installation.until(lambda: bool(installation.query("SELECT 1 FROM rejection WHERE topic IS NOT NULL")), "the record is listed")
    for path in ("/lag", "/stalled", "/fairness"):
        await installation.until(lambda: _is_sampled(installation, path), f"{path} is sampled")  # noqa: B023 - awaited here
    await installation.run_command("user", "add", "anna", "--role", "admin", "--without-password")
    return installation


async def _is_sampled(installation: Installation, path: str) -> bool:
    status, _ = await installation.call("GET", path)
    return status == 200


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser
