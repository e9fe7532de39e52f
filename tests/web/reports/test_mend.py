"""The pages of what a shop can mend, and the same over HTTP."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from faust_app.core.failure_codes import FailureCode, Severity
from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.imports.run import ImportCounts, ImportedFile, ImportRun, ImportStatus
from faust_app.core.reports.mend import Fetching, Standing, Standings
from faust_app.core.reports.test_fetch import DONE_WITHIN, TestResult
from faust_app.core.sources.content import Redirect
from faust_app.flows.reports.mend import MendOverview
from faust_app.web.reports.language import ENGLISH, KOREAN
from faust_app.web.reports.mend.words import around, reason, to_do
from faust_app.web.reports.texts import TEXTS
from tests.factories import NOW, accepted_row, done_row
from tests.web.operator_site import BROWSER, SAME_ORIGIN, OperatorSite, open_site

VIEW = {"Authorization": "Bearer view-secret", **BROWSER}
JSON = {"Authorization": "Bearer all-secret", "Accept": "application/json"}


def failed(image_id: bytes, code: str = "empty", **values: Any) -> ImageRow:
    row = accepted_row(
        7, image_id, state=ImageState.FAILED, error_code=code, fingerprint=f"{code}@source.test", scheduled_at=None, **values
    )
    return replace(row, open_since=None, schedule_reason=None)


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        rows = (
            done_row(7, b"good"),
            failed(b"a", product_id="p1", product_name="=Red <shoe>", sku="+S-1"),
            failed(b"b", product_id="p1", product_name="=Red <shoe>", sku="+S-1", source_url="https://source.test/b.jpg?sign=secret"),
            failed(b"older", "too_large", shown=done_row(7, b"older").shown, shown_version=9, product_name="Hat"),
            replace(failed(b"ours", "internal_error"), fingerprint="internal_error@-"),
            accepted_row(
                7, b"later", error_code="source_timeout", fingerprint="source_timeout@source.test", schedule_reason=ScheduleReason.RETRY,
                scheduled_at=NOW + timedelta(hours=2),
            ),
            replace(failed(b"foreign"), shop_no=8),
        )  # fmt: skip
        opened.rows.rows |= {row.key: row for row in rows}
        yield opened


async def test_the_first_line_says_how_the_shop_stands(site: OperatorSite) -> None:
    page = await site.get("/reports/7/mend", VIEW)
    assert "2 of 6 pictures are shown. 1 product has no picture. 1 shows an older one. 1 is on its way." in page
    korean = await site.get("/reports/7/mend?lang=ko", VIEW)
    assert "이미지 6개 중 2개가 표시되고 있습니다." in korean


async def test_what_the_shop_must_do_stands_before_what_we_do(site: OperatorSite) -> None:
    page = await site.get("/reports/7/mend", VIEW)
    places = [
        page.index(text) for text in ("Products without a picture", "You must act", "We are still trying", "We are looking into these")
    ]
    assert places == sorted(places)
    assert page.index("The file is empty.") < page.index("The file is larger than we store.")
    assert "2026 15:00" in page  # 14:00 UTC in Berlin
    assert "&lt;shoe&gt;" in page
    assert "internal error" not in page
    assert "Try all of these again" not in page


@pytest.mark.parametrize(
    ("status", "fetching", "says"),
    [
        (ImportStatus.RUNNING, None, "Your import has read 12 pictures so far."),
        (ImportStatus.FINISHED, Fetching(0, NOW + timedelta(minutes=38)), "Your last import: 12 pictures in 38 min, Mar 1, 2026 13:38."),
        (ImportStatus.FINISHED, Fetching(3, NOW), "Your last import: 12 pictures, of which 3 are on their way."),
        (ImportStatus.FINISHED, None, "Your last import: 12 pictures, read in 2 s, Mar 1, 2026 13:00."),
    ],
)
def test_the_second_line_says_how_the_last_import_went(status: ImportStatus, fetching: Fetching | None, says: str) -> None:
    ended = None if status is ImportStatus.RUNNING else NOW + timedelta(seconds=2)
    file, counts = ImportedFile(7, "shop.csv", 10, b"x" * 32, "woocommerce"), ImportCounts(entries=13, rejected=1)
    run = ImportRun(1, file, status, counts, "anna", None, NOW, NOW, 0, NOW, ended)
    found = MendOverview(Standings(12, 12, 0, 0, 0), [], run, fetching, 1.9, NOW)
    told = [sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in around(ENGLISH, found, ZoneInfo("Europe/Berlin"))]
    assert told == [says, "1 line could not be used.", "Your server answers in 1.9 s."]


async def test_a_shop_without_failures_has_nothing_to_do(site: OperatorSite) -> None:
    site.rows.rows = {row.key: row for row in (done_row(9, b"a"),)}
    assert "Everything is shown." in await site.get("/reports/9/mend", VIEW)
    assert "No picture was asked for yet." in await site.get("/reports/10/mend", VIEW)


async def test_the_file_has_what_the_shop_must_do_and_no_formula(site: OperatorSite) -> None:
    answer = await site.ask("GET", "/reports/7/mend.csv", VIEW)
    text = await answer.text()
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == ["Product", "SKU", "Picture", "Address", "Shown", "Reason", "What to do"]
    assert rows[1:] == [
        ["'=Red <shoe>", "'+S-1", "a", "http://source.test/a.jpg", "no picture", "The file is empty.", "Upload the picture again."],
        ["'=Red <shoe>", "'+S-1", "b", "https://source.test/b.jpg?...", "no picture", "The file is empty.", "Upload the picture again."],
        [
            "Hat", "", "older", "http://source.test/a.jpg", "older one", "The file is larger than we store.",
            "Export the picture smaller and upload it again.",
        ],
    ]  # fmt: skip
    assert "secret" not in text


async def test_a_group_lists_its_pictures_and_each_has_a_page(site: OperatorSite) -> None:
    page = await site.get("/reports/7/mend/images?standing=act&code=empty&host=source.test", VIEW)
    assert page.count("/reports/7/pictures/") == 2
    assert "secret" not in page
    assert "No picture belongs to this group" in await site.get("/reports/7/mend/images?standing=act&code=none", VIEW)
    assert "=Red" in await site.get("/reports/7/mend/products", VIEW)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("good", ["The newest picture is shown."]),
        ("a", ["No picture is shown.", "The file is empty.", "Upload the picture again.", "You must act"]),
        ("older", ["An older picture is shown.", "The file is larger than we store."]),
        ("ours", ["No picture is shown.", "The failure is ours, or may be."]),
        ("later", ["The newest one is on its way.", "Your server does not answer in time.", "Next try", "2026 15:00"]),
    ],
)
async def test_one_picture_says_what_is_shown_and_what_happens_next(site: OperatorSite, image: str, says: list[str]) -> None:
    page = await site.get(f"/reports/7/pictures/{image}", VIEW)
    assert [text for text in says if text not in page] == []
    assert "secret" not in await site.get("/reports/7/pictures/b", VIEW)


async def test_a_picture_of_another_shop_is_unknown(site: OperatorSite) -> None:
    assert "We have never received this picture." in await site.get("/reports/7/pictures/foreign", VIEW, status=404)


async def test_a_picture_is_found_by_the_words_of_its_owner(site: OperatorSite) -> None:
    assert "2 pictures for" in await site.get("/reports/7/mend/search?q=red", VIEW)
    assert "No pictures found." in await site.get("/reports/7/mend/search?q=%27%20OR%201%3D1", VIEW)
    for wrong in ("", "%00", "x" * 4097):
        page = await site.get(f"/reports/7/mend/search?q={wrong}", VIEW, status=400)
        assert 'aria-describedby="q-wrong"' in page


@pytest.mark.parametrize(
    "path",
    [
        "/reports/7/mend?x=1", "/reports/7/mend?tried=x", "/reports/7/mend/images", "/reports/7/mend/images?standing=x",

        "/reports/7/mend/images?standing=act&code=empty&host=source.test&after=%25",
        "/reports/x/mend", "/reports/7/pictures/%ff", "/reports/7/test?number=x",
        "/reports/0/mend", "/reports/7/mend/products?after=" + "x" * 65,
    ],
)  # fmt: skip
async def test_an_address_that_makes_no_sense_is_answered_with_400(site: OperatorSite, path: str) -> None:
    await site.get(path, VIEW, status=400)


async def test_one_picture_is_tried_again_by_its_button_once(site: OperatorSite) -> None:
    otto = await site.session("otto")
    for outcome in ("1", "just_tried"):
        answer = await site.post("/reports/7/pictures/a/retries", otto | SAME_ORIGIN)
        assert (answer.status, answer.headers["Location"]) == (303, f"/reports/7/pictures/a?tried={outcome}")
        page = await site.get(answer.headers["Location"], otto)
        assert ("We are trying 1 picture again", "less than ten minutes ago")[outcome == "just_tried"] in page
    answer = await site.post("/reports/7/pictures/ours/retries", otto | SAME_ORIGIN)
    assert answer.headers["Location"].endswith("?tried=none_left")


async def test_the_same_is_told_to_machines(site: OperatorSite) -> None:
    found = await (await site.ask("GET", "/v1/shops/7/mend", JSON)).json()
    assert {name: found[name] for name in ("wanted", "shown", "older", "in_progress", "pictureless_products")} == {
        "wanted": 6, "shown": 2, "older": 1, "in_progress": 1, "pictureless_products": 1,
    }  # fmt: skip
    assert [(each["standing"], each["code"], each["images"]) for each in found["groups"]] == [
        ("act", "empty", 2), ("act", "too_large", 1), ("trying", "source_timeout", 1), ("ours", "internal_error", 1),
    ]  # fmt: skip
    images = await (await site.ask("GET", "/v1/shops/7/mend/images?standing=act&code=empty&host=source.test&limit=1", JSON)).json()
    rest = await (
        await site.ask("GET", f"/v1/shops/7/mend/images?standing=act&code=empty&host=source.test&after={images['next']}", JSON)
    ).json()
    assert [each["image_id"] for each in (*images["images"], *rest["images"])] == ["a", "b"]
    products = await (await site.ask("GET", "/v1/shops/7/mend/products", JSON)).json()
    assert [(each["product_id"], each["failed_images"]) for each in products["products"]] == [("p1", 2)]
    search = await (await site.ask("GET", "/v1/shops/7/mend/search?q=hat", JSON)).json()
    assert [each["image_id"] for each in search["images"]] == ["older"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"code": "empty", "host": "source.test"}, 201),
        ({"code": "empty"}, 404),
        ({"code": "internal_error"}, 404),
        ({}, 400),
        ({"code": "A"}, 400),
    ],
)  # fmt: skip
async def test_machines_have_a_group_tried_again(site: OperatorSite, body: dict[str, str], status: int) -> None:
    answer = await site.client.post("/v1/shops/7/retries", json=body, headers=JSON)
    assert answer.status == status, await answer.text()
    if status == 201:
        assert await answer.json() == {"run": 1, "images": 2, "skipped": 0}
        assert (await site.client.post("/v1/shops/7/retries", json=body, headers=JSON)).status == 409


async def test_a_test_of_an_address_shows_what_a_worker_met(site: OperatorSite) -> None:
    vera = await site.session("vera")
    answer = await site.post("/reports/7/test-fetches", vera | SAME_ORIGIN, url="https://shop.test/a.jpg?sign=secret")
    assert (answer.status, answer.headers["Location"]) == (303, "/reports/7/test?number=1")
    assert "The test is under way." in await site.get("/reports/7/test?number=1", vera)
    met = TestResult(1.5, 200, (Redirect(301, "https://cdn.test/a.jpg"),), "image/jpeg", 12_345, "image/jpeg", 800, 600)
    await site.tests.end(1, met)
    page = (await site.get("/reports/7/test?number=1", vera)).replace("\N{NO-BREAK SPACE}", " ")
    for text in ("can be stored", "HTTP 200", "301", "https://cdn.test/a.jpg", "12 kB", "800 by 600", "1.5 s"):
        assert text in page, text
    assert "secret" not in page
    await site.get("/reports/8/test?number=1", vera, status=404)


async def test_a_test_that_nobody_ran_is_no_fault_of_the_shop(site: OperatorSite) -> None:
    assert await site.tests.ask(7, "https://shop.test/a.jpg", "anna") is not None
    await site.tests.take("w1", 1)
    site.store.let_pass(DONE_WITHIN + timedelta(seconds=1))
    assert "no fault of your server" in await site.get("/reports/7/test?number=1", VIEW)


@pytest.mark.parametrize(
    "url", ["", "ftp://shop.test/a", "https://user:secret@shop.test/a.jpg", "shop.test/a.jpg", "https://a b/", "x" * 5000]
)
async def test_an_address_that_cannot_be_opened_is_refused_beside_its_field(site: OperatorSite, url: str) -> None:
    vera = await site.session("vera")
    answer = await site.post("/reports/7/test-fetches", vera | SAME_ORIGIN, url=url)
    assert answer.status == 400
    assert 'aria-describedby="url-wrong"' in await answer.text()
    assert site.tests.tests == {}


async def test_the_eleventh_test_of_a_minute_waits(site: OperatorSite) -> None:
    vera = await site.session("vera")
    statuses = [(await site.post("/reports/7/test-fetches", vera | SAME_ORIGIN, url="https://shop.test/a.jpg")).status for _ in range(11)]
    assert statuses == [303] * 10 + [429]
    answer = await site.client.post("/v1/shops/7/test-fetches", json={"url": "https://shop.test/a.jpg"}, headers=JSON)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    answer = await site.client.post("/v1/shops/8/test-fetches", json={"url": "https://shop.test/a.jpg"}, headers=JSON)
    assert (answer.status, answer.headers["Location"]) == (202, "/v1/shops/8/test-fetches/11")
    found = await (await site.ask("GET", answer.headers["Location"], JSON)).json()
    assert (found["state"], found["result"]) == ("waiting", None)
    assert (await site.ask("GET", "/v1/shops/7/test-fetches/11", JSON)).status == 404


@pytest.mark.parametrize("language", [ENGLISH, KOREAN])
def test_every_failure_that_a_shop_can_mend_says_what_to_do(language: Any) -> None:
    for code in FailureCode:
        if code.severity is Severity.SHOP:
            assert to_do(language, Standing.ACT, code.value), code
            assert reason(language, Standing.ACT, code.value) != language.text("mend.unknown"), code
        else:
            assert f"code.{code.value}" not in TEXTS
        assert reason(language, Standing.OURS, code.value) == language.text("mend.unknown")
        assert to_do(language, Standing.OURS, code.value) == language.text("mend.ours.text")


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_whoever_runs_a_server_reads_without_a_log_in_how_to_let_us_in(site: OperatorSite, language: str) -> None:
    page = await site.get(f"/reports/let-us-in?lang={language}", BROWSER)
    for text in (
        "shop-images/1 (+https://us.test)",
        "192.0.2.7",
        "198.51.100.0/24",
        "http.user_agent contains",
        "valid_referers",
        "RewriteCond",
    ):
        assert text in page, text
    assert ("robots.txt does not apply", "robots.txt는 적용되지 않습니다")[language == "ko"] in page
    assert "Shop 7" not in page
