"""The pages about what a shop sent."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import FormData

from faust_app.core.dispatch.fairness import Fairness, Hold, ShopState, fairness_text
from faust_app.core.images.row import ImageState
from faust_app.core.imports.run import ImportCounts
from faust_app.web import uploads
from tests.factories import NOW, accepted_row
from tests.web.admin.conftest import OPERATE, SCRIPT, VIEW, Desk

FORMULA = "=cmd|' /C calc'!A0"


async def rows_of(desk: Desk, path: str) -> list[list[str]]:
    answer = await desk.client.get(path, headers=VIEW)
    assert (answer.status, answer.content_type) == (200, "text/csv"), await answer.text()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))


def form_of(content: bytes, name: str = "shop.csv", file_format: str = "jsonl", **fields: str) -> FormData:
    form = FormData()
    form.add_field("file", content, filename=name)
    for field, value in {"format": file_format, "as": "page", **fields}.items():
        form.add_field(field, value)
    return form


async def test_a_shop_shows_its_imports_with_progress_and_its_rejections(desk: Desk) -> None:
    text = await desk.get("/admin/shops/7")
    assert "50 %" in text
    assert "Rejections" in text
    text = await desk.get("/admin/shops/7/imports/1")
    assert "&lt;script&gt;" in text
    assert ">2</td>" in text


async def test_an_import_shows_how_long_its_images_take_and_that_the_shops_server_is_the_limit(desk: Desk) -> None:
    row = accepted_row(7, b"waits")
    desk.rows.rows[row.key] = row
    await desk.imports.record(1, ImportCounts(100, 40, 40), [])
    desk.imports.runs[1] = replace(desk.imports.runs[1], continued_at=NOW - timedelta(minutes=5))
    waiting = ShopState(7, waiting=1, started=6, holds={Hold.SOURCE: 1}, host=SCRIPT)
    desk.watch.workers.fairness = [("w", fairness_text(Fairness(8, 480.0, 480.0, (), (waiting,))), 1.0)]
    await desk.watch.fairness.run_pass()
    page = await desk.get("/admin/shops/7/imports/1")
    for told in (
        "about 10 s",
        "its own server is the limit",
        "waits for its own image server &lt;script&gt;",
        "More workers change nothing",
    ):
        assert told in page
    assert SCRIPT not in page
    del desk.rows.rows[row.key]
    assert "Time left" not in await desk.get("/admin/shops/7/imports/1"), "none of its images is in progress"


async def test_records_nobody_could_read_show_sender_reason_and_bytes(desk: Desk) -> None:
    text = await desk.get("/admin/records")
    assert all(shown in text for shown in ("p.requests 0 @ 5", "&lt;script&gt;alert(1)&lt;/script&gt;", "53 bytes", r"\x00"))


async def test_failures_rejections_and_lines_are_files_without_formulas(desk: Desk) -> None:
    for n in range(250):
        row = replace(
            accepted_row(7, b"=%04d" % n), state=ImageState.FAILED, error_code="empty", error_detail=FORMULA, scheduled_at=None
        )  # fmt: skip
        desk.rows.rows[row.key] = row
    failures = await rows_of(desk, "/admin/shops/7/failures.csv")
    assert len(failures) == 1 + 252
    assert [failures[2][0], failures[2][4]] == ["'=0000", f"'{FORMULA}"]
    assert [row[5] for row in await rows_of(desk, "/admin/shops/7/rejections.csv")] == ["reason", SCRIPT]
    assert [row[7] for row in await rows_of(desk, "/admin/shops/7/imports/1/rejected.csv")] == ["line", "2"]


async def test_an_uploaded_file_is_compared_on_the_page_and_as_a_file(desk: Desk) -> None:
    content = b'{"image_id":"bad-1","source_url":"http://source.test/a.jpg"}\n{"image_id":"=new","source_url":"http://a.test/"}\n{'
    answer = await desk.client.post("/admin/shops/7/compare", data=form_of(content), headers=OPERATE)
    text = await answer.text()
    assert answer.status == 200
    assert all(shown in text for shown in ("never received", "rejected", "failed", "shop.csv</bdi>: 3 images"))
    answer = await desk.client.post("/admin/shops/7/compare", data=form_of(content, **{"as": "csv"}), headers=OPERATE)
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert [(row[1], row[3]) for row in rows[1:]] == [("bad-1", "failed"), ("'=new", "never received"), ("", "rejected")]


@pytest.mark.parametrize(
    ("form", "status", "reason"),
    [
        (form_of(b"PK\x03\x04", file_format="woocommerce"), 400, "Excel"),
        (form_of(b""), 400, "not empty"),
        (form_of(b"{}", file_format="xml"), 400, "must be one of"),
        (form_of(b"x" * 300), 413, "larger than"),
    ],
)
async def test_a_file_that_cannot_be_compared_is_refused_beside_the_form(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, form: FormData, status: int, reason: str
) -> None:  # fmt: skip
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 200)
    answer = await desk.client.post("/admin/shops/7/compare", data=form, headers=OPERATE)
    text = await answer.text()
    assert (answer.status, reason in text, "<form" in text) == (status, True, True), text


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
async def test_what_is_no_form_with_a_file_is_refused(desk: Desk, content_type: str) -> None:
    answer = await desk.client.post("/admin/shops/7/compare", data=b"file=x", headers=OPERATE | {"Content-Type": content_type})
    assert answer.status in {400, 415}


async def test_who_may_only_view_compares_nothing_by_upload(desk: Desk) -> None:
    assert "/compare" not in await desk.get("/admin/shops/7", VIEW)
    assert (await desk.client.post("/admin/shops/7/compare", data=form_of(b"{}"), headers=VIEW)).status == 403


async def test_the_stored_picture_is_shown_by_the_page_itself(desk: Desk) -> None:
    shown = desk.rows.rows[7, b"good"].shown
    assert shown is not None
    desk.store.objects[shown.object_key] = b"bytes"
    assert "/admin/shops/7/images/good/picture" in await desk.get("/admin/shops/7/images/good")
    answer = await desk.client.get("/admin/shops/7/images/good/picture", headers=VIEW)
    assert (await answer.read(), answer.content_type) == (b"bytes", shown.content_type)
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (await desk.client.get("/admin/shops/7/images/bad-1/picture", headers=VIEW)).status == 404


async def test_the_outcome_of_every_image_of_a_run_is_a_file(desk: Desk) -> None:
    await desk.post("/admin/republish", {"cause": "empty@shop.test", "rate": "10"})
    assert "/admin/republish/1/images.csv" in await desk.get("/admin/republish/1")
    rows = await rows_of(desk, "/admin/republish/1/images.csv")
    assert (rows[0][:3], sorted(row[1] for row in rows[1:])) == (["shop_no", "image_id", "outcome"], [SCRIPT, "bad-1"])
    assert (await desk.client.get("/admin/republish/9/images.csv", headers=VIEW)).status == 404
