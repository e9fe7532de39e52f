"""A real Chromium on the running web process, as an operator has it: log-in, screenshots, and an accessibility check."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.e2e.installation import Installation

AXE: Final = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SERIOUS: Final = {"serious", "critical"}
KINDS: Final[dict[str, dict[str, Any]]] = {
    "wide": {"viewport": {"width": 1360, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
}
"""How a page is looked at: on a laptop, on a phone, and in the dark scheme."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the system's Chromium. Fails with what to install where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.fail("Chromium is not installed; Debian: apt-get install chromium")
    sandbox = [] if os.getuid() else ["--no-sandbox"]  # root has none
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=sandbox)
        try:
            yield browser
        finally:
            await browser.close()


class Operator:
    """Somebody at a browser; `pictures` is the folder for screenshots."""

    def __init__(self, installation: Installation, context: BrowserContext, page: Page, pictures: Path) -> None:
        assert installation.web is not None
        self.address = f"http://127.0.0.1:{installation.web.port}"
        self.page = page
        self.pictures = pictures
        self.context = context
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: None if request.url.startswith(("data:", self.address)) else self.foreign.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def open(self, path: str) -> None:
        """Open a page, and wait until it is loaded."""
        answer = await self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status < 400, (path, answer.status)

    async def picture(self, name: str) -> None:
        """Keep what the page looks like."""
        await self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)

    async def problems(self) -> list[str]:
        """Return what keeps people from using the page, as lines."""
        return await problems_of(self.page)


async def problems_of(page: Page) -> list[str]:
    """Return what keeps people from using a page, as lines: what axe finds, and a page that is wider than the screen."""
    await page.evaluate(AXE)
    found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", list(RULES))
    lines = [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
    if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        lines.append("it is wider than the screen")
    return lines


@asynccontextmanager
async def operator(installation: Installation, browser: Browser, kind: str, name: str = "anna") -> AsyncIterator[Operator]:
    """Log somebody in by a one-time address, in a window of this kind."""
    out, _ = await installation.run_command("user", "one-time", name)
    context = await browser.new_context(**KINDS[kind])
    try:
        person = Operator(installation, context, await context.new_page(), pictures_folder(installation))
        address = next(word for word in out.split() if word.startswith("http"))
        await person.page.goto(person.address + "/admin/log-in/one-time#" + address.partition("#")[2])
        await person.page.get_by_role("button").click()
        await person.page.wait_for_url("**/admin/overview")
        yield person
    finally:
        await context.close()


def pictures_folder(installation: Installation) -> Path:
    """Return where screenshots go: the folder that SCREENSHOTS names, else one of the test."""
    return screenshots_in(installation.folder)


def screenshots_in(test_folder: Path) -> Path:
    """Return the folder that SCREENSHOTS names, else one in the test's own."""
    folder = Path(os.environ.get("SCREENSHOTS", test_folder / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
