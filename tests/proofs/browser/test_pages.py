"""Every page of the operator in a real browser: on a laptop, on a phone and in the dark, usable by everybody, and by keyboard alone."""

import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.installation import Installation
from tests.proofs.browser.browser import KINDS, Operator, operator, pictures_folder
from tests.proofs.browser.conftest import FAILED, SHOP

TODAY = datetime.now(UTC).date()
PAGES = (
    "/admin/overview", "/admin/causes", "/lag", "/stalled", "/fairness", "/admin/republish", "/admin/shops", f"/admin/shops/{SHOP}",
    f"/admin/shops/{SHOP}/imports", f"/admin/shops/{SHOP}/imports/1", f"/admin/shops/{SHOP}/rejections", f"/admin/shops/{SHOP}/compare",
    f"/admin/shops/{SHOP}/images/f0", f"/admin/shops/{SHOP}/images/late-0", "/admin/search?q=late", "/admin/search?q=nothing",
    "/admin/products", "/admin/records", "/admin/alerts", "/admin/timeline", "/admin/audit", "/admin/sessions", "/admin/users",
    "/admin/lanes", f"/admin/shops/{SHOP}/controls",
    "/admin/zone", "/admin/statistics", "/admin/status", "/reports", f"/reports/{SHOP}?view=operator",
    f"/reports/{SHOP}/images?figure=registered&from={TODAY}",
)  # fmt: skip


def cause_of(installation: Installation) -> str:
    ((fingerprint,),) = installation.query("SELECT DISTINCT fingerprint FROM image WHERE state = 'FAILED'")
    return f"/admin/causes/{fingerprint}"


async def test_every_page_can_be_used_by_everybody_and_loads_nothing_from_outside(busy: Installation, browser: Browser) -> None:
    found: dict[str, list[str]] = {}
    await busy.run_command(
        "shops", "weight", str(SHOP), "2", "--reason", "a launch in every market that the shop has, for a week", "--hours", "99"
    )
    for kind in KINDS:
        async with operator(busy, browser, kind) as anna:
            for path in (*PAGES, cause_of(busy)):
                await anna.open(path)
                await anna.picture(f"{re.sub(r'[^a-z0-9]+', '-', path.strip('/'))}.{kind}")
                if problems := await anna.problems():
                    found[f"{path} {kind}"] = problems
            assert (anna.foreign, anna.complaints) == ([], [])
        stranger = await browser.new_context(**KINDS[kind])
        at_the_door = Operator(busy, stranger, await stranger.new_page(), pictures_folder(busy))
        await at_the_door.open("/admin/overview")
        assert "/admin/log-in" in at_the_door.page.url
        await at_the_door.picture(f"log-in.{kind}")
        if problems := await at_the_door.problems():
            found[f"log-in {kind}"] = problems
        await stranger.close()
    assert found == {}


async def test_an_operator_repairs_the_images_of_a_cause_with_a_mouse(busy: Installation, browser: Browser) -> None:
    async with operator(busy, browser, "wide") as anna:
        page = anna.page
        await page.get_by_role("link", name="Causes", exact=True).click()
        await page.get_by_role("link", name=re.compile("source gone at")).click()
        await anna.picture("path-1-cause")
        await page.get_by_role("link", name=re.compile("Republish")).first.click()
        await page.get_by_role("button", name=re.compile("plan", re.IGNORECASE)).click()
        await anna.picture("path-2-plan")
        await page.get_by_role("button", name="Try one first").click()
        await page.wait_for_url("**/images/**")
        await page.get_by_role("link", name=re.compile("^run ")).click()
        await page.get_by_role("button", name=re.compile("^Start")).click()
        await finished(page)
        await anna.picture("path-3-outcome")
        assert busy.states(SHOP) == {"DONE": 8 + FAILED}
        await page.get_by_role("link", name="Audit", exact=True).click()
        assert "republish.start" in await page.content()
        assert anna.complaints == []


async def test_the_same_path_can_be_walked_by_keyboard_alone(busy: Installation, browser: Browser) -> None:
    async with operator(busy, browser, "wide") as anna:
        page = anna.page
        await press(page, "link", "Causes")
        await page.wait_for_url("**/admin/causes")
        await press(page, "link", "source gone at")
        await page.wait_for_url("**/admin/causes/*")
        await press(page, "link", "Republish", within="main")
        await page.wait_for_url("**/admin/republish?*")
        await press(page, "button", "plan")
        await page.wait_for_url("**/admin/republish/*")
        await press(page, "button", "Start")
        await finished(page)
        assert busy.states(SHOP) == {"DONE": 8 + FAILED}


async def finished(page: Page) -> None:
    """Wait until the page itself says that the run has ended: it renews what it shows."""
    await page.get_by_text("finished", exact=True).first.wait_for(timeout=45_000)


async def press(page: Page, role: str, name: str, *, within: str = "body") -> None:
    """Move the focus by Tab until it is on this element, see that it can be seen there, and press Enter.

    Fails when it is reached within 80 stops by nobody.
    """
    for _ in range(80):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            """within => {
                const element = document.activeElement;
                const style = getComputedStyle(element);
                return {
                    role: element.tagName === "A" ? "link" : element.tagName === "BUTTON" ? "button" : element.tagName.toLowerCase(),
                    text: element.innerText || "",
                    inside: element.closest(within) !== null,
                    seen: style.outlineStyle !== "none" || style.boxShadow !== "none",
                };
            }""",
            within,
        )
        if focused["role"] == role and name.lower() in focused["text"].lower() and focused["inside"]:
            assert focused["seen"], f"the focus on {focused['text']!r} cannot be seen"
            await page.keyboard.press("Enter")
            return
    pytest.fail(f"no Tab leads to the {role} {name!r}")
