"""The pages about images, over fakes: what they show, what their forms do, and what bad input does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind, PlatformFault
from faust_app.core.alerts.recovery import Recovery
from faust_app.core.causes.suspicion import PLATFORM_LOOKS, Rise, Suspicion
from faust_app.core.images.row import ImageState
from faust_app.core.results.result import Result
from tests.factories import NOW, accepted_row
from tests.web.admin.conftest import CAUSE, OPERATE, SCRIPT, VIEW, Desk

PAGES = [
    "/admin/causes", CAUSE, "/admin/republish", "/admin/shops", "/admin/shops/7", "/admin/shops/7?state=failed",
    "/admin/shops/7?product=p1", "/admin/shops/7/images/bad-1",
    "/admin/shops/7/images/good", "/admin/search", "/admin/search?q=nothing", "/admin/alerts",
    "/admin/records", "/admin/overview", "/admin/products", "/admin/timeline", "/admin/timeline?span=7d&kind=import",
    "/admin/shops/7/imports", "/admin/shops/7/imports/1", "/admin/shops/7/rejections",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_small_escapes_what_a_shop_wrote_and_loads_nothing_from_outside(desk: Desk, path: str) -> None:
    text = await desk.get(path)
    assert SCRIPT not in text
    assert len(text) < 150_000
    assert "http://" not in text.replace("http://source.test", "")
    assert "style=" not in text


@pytest.mark.parametrize("path", PAGES)
async def test_who_may_only_view_gets_no_form_that_changes_anything(desk: Desk, path: str) -> None:
    assert 'method="post"' not in await desk.get(path, VIEW)


async def test_an_operator_goes_from_a_cause_to_a_finished_plan(desk: Desk) -> None:
    assert "2" in await desk.get(CAUSE)
    assert 'value="empty@shop.test"' in await desk.get("/admin/republish?cause=empty%40shop.test")
    assert await desk.post("/admin/republish", {"cause": "empty@shop.test", "rate": "10", "reason": "mended"}) == (
        303,
        "/admin/republish/1",
    )
    plan = await desk.get("/admin/republish/1")
    assert "publish 2 images again" in plan
    status, place = await desk.post("/admin/republish/1/try")
    assert (status, place) == (303, "/admin/shops/7/images/%3Cscript%3Ealert%281%29%3C%2Fscript%3E?run=1")
    for what, shown in (("start", "running"), ("pause", "paused"), ("resume", "running"), ("cancel", "cancelling")):
        assert await desk.post(f"/admin/republish/1/{what}") == (303, "/admin/republish/1")
        assert shown in await desk.get("/admin/republish/1")
    assert "bad-1" in await desk.get("/admin/republish/1/images?status=planned")
    assert [entry.actor.name for entry in desk.republish.audit] == ["ops"] * 6


async def test_one_image_is_fetched_again_from_its_page(desk: Desk) -> None:
    assert await desk.post("/admin/shops/7/images/good/republish") == (303, "/admin/shops/7/images/good?run=1")
    assert desk.republish.runs[1].selection.include_good
    text = await desk.get("/admin/shops/7/images/bad-1")
    assert "release <bdi>r1</bdi>" in text
    assert "in the topic <code>p.dead-letter</code>, key 7" in text
    assert "2026-03-01 13:00:00" in text  # the platform's zone


async def test_an_image_of_a_paused_shop_says_that_it_waits_for_the_end_of_the_pause(desk: Desk) -> None:
    desk.rows.rows[7, b"new"] = accepted_row(7, b"new")
    desk.held_by[7] = ["shop 7 is paused: <its server moves>"]
    assert "The image waits: shop 7 is paused: &lt;its server moves&gt;." in await desk.get("/admin/shops/7/images/new")
    assert "is paused" not in await desk.get("/admin/shops/7/images/good")


async def test_more_than_a_thousand_images_start_only_with_their_number(desk: Desk) -> None:
    for n in range(1001):
        row = replace(desk.rows.rows[7, b"bad-1"], image_id=b"i%d" % n)
        desk.rows.rows[row.key] = row
    await desk.post("/admin/republish", {"rate": "10"})
    assert "Type 1,003 to confirm" in await desk.get("/admin/republish/1")
    status, text = await desk.post("/admin/republish/1/start", {"images": "1000"})
    assert (status, "give their number" in text) == (409, True)
    assert (await desk.post("/admin/republish/1/start", {"images": "1,003"}))[0] == 303


async def test_people_decide_about_a_cause(desk: Desk) -> None:
    for what, form, shown in (
        ("note", {"note": SCRIPT}, "&lt;script&gt;"), ("resolve", {"release": "1.2"}, "resolved"), ("reopen", {}, "open"),
        ("ignore", {"days": "3"}, "ignored"), ("ours", {"ours": "yes"}, "our fault"), ("asked", {"shop": "7"}, "by <bdi>ops</bdi>"),
    ):  # fmt: skip
        assert await desk.post(f"{CAUSE}/{what}", form) == (303, CAUSE)
        assert shown in await desk.get(CAUSE)


@pytest.mark.parametrize(
    ("text", "place"),
    [("7", "/admin/shops/7"), ("bad-1", "/admin/shops/7/images/bad-1"), ("7:good", "/admin/shops/7/images/good")],
)
async def test_what_is_found_once_is_shown_at_once(desk: Desk, text: str, place: str) -> None:
    answer = await desk.client.get("/admin/search", params={"q": text}, headers=VIEW, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, place)


async def test_a_product_and_an_address_are_found(desk: Desk) -> None:
    assert "/admin/shops/7?product=p1" in await desk.get("/admin/search?q=p1")
    assert "bad-1" in await desk.get("/admin/search?q=http://source.test/a.jpg")
    shown = desk.rows.rows[7, b"good"].shown
    assert shown is not None
    answer = await desk.client.get("/admin/search", params={"q": shown.object_key}, headers=VIEW, allow_redirects=False)
    assert answer.headers["Location"] == "/admin/shops/7/images/good"


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"shops": "seven"}, "must be numbers"), ({"images": "7"}, "must look like 7:shoe-1"), ({"images": "7:\x01"}, "control characters"),
        ({"state": "all"}, "must be one of failed, lost"), ({"codes": "DROP;"}, "not allowed here"),
        ({"since": "yesterday"}, "must be a time"),
        ({"product_id": "p"}, "needs exactly one shop"), ({"override": "size_refused"}, "needs a `reason`"),
        ({"rate": "0"}, "The rate must be"), ({"rate": "nan"}, "The rate must be"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_plan_is_said_beside_the_form(desk: Desk, form: dict[str, str], reason: str) -> None:
    status, text = await desk.post("/admin/republish", form)
    assert (status, reason in text) == (400, True), text
    assert desk.republish.runs == {}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/admin/republish/1/start", {}), ("/admin/republish/99/pause", {}), ("/admin/republish", {"unknown": "1"}),
        (f"{CAUSE}/ignore", {"days": "0"}),
        (f"{CAUSE}/ignore", {"days": "1e9"}), (f"{CAUSE}/note", {"note": "x" * 1001}), (f"{CAUSE}/asked", {"shop": ""}),
        ("/admin/causes/none/resolve", {"release": ""}), ("/admin/shops/7/images/none/republish", {}),
        (f"{CAUSE}/resolve", {"release": "x" * 121}),
    ],
)  # fmt: skip
async def test_a_form_that_makes_no_sense_changes_nothing(desk: Desk, path: str, form: dict[str, str]) -> None:
    status, _ = await desk.post(path, form)
    assert status in {400, 404, 409}
    assert (desk.republish.audit, desk.causes.audit) == ([], [])


@pytest.mark.parametrize(
    "path",
    [
        "/admin/causes?after=x", "/admin/causes?page=2", "/admin/causes/none", "/admin/republish?before=x", "/admin/republish/1",
        "/admin/shops?shop=x", "/admin/shops/x", "/admin/shops/9", "/admin/shops/7?state=all", "/admin/shops/7?after=!",
        "/admin/shops/7/images/none", "/admin/shops/7/images/%FF", "/admin/search?q=a&q=b", "/admin/alerts?x=1",
    ],
)  # fmt: skip
async def test_an_address_that_makes_no_sense_is_a_page_that_says_so(desk: Desk, path: str) -> None:
    answer = await desk.client.get(path, headers=VIEW)
    assert (answer.status in {400, 404}, answer.content_type) == (True, "text/html")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_a_change_from_elsewhere_is_refused(desk: Desk, site: str) -> None:
    status, _ = await desk.post("/admin/republish", {"rate": "10"}, OPERATE | {"Sec-Fetch-Site": site})
    assert (status, desk.republish.runs) == (403, {})
    status, _ = await desk.post("/admin/republish", {"rate": "10"}, VIEW)
    assert (status, desk.republish.runs) == (403, {})


async def test_the_overview_shows_rates_curves_and_what_each_worker_holds(desk: Desk) -> None:
    text = await desk.get("/admin/overview")
    assert all(shown in text for shown in ("Products without a picture", "held up", "stopped", ">12<", 'class="curve ok"', "60 images"))


async def test_the_overview_says_how_many_results_wait_for_kafka_and_for_how_long(desk: Desk) -> None:
    assert "Results wait:" not in await desk.get("/admin/overview")
    desk.rows.outbox += [Result(NOW - timedelta(minutes=5), 7, b"a", {"kind": "stored"})] * 1234
    text = await desk.get("/admin/overview")
    assert "Results wait: the oldest has been on its way to Kafka for 5 min" in text
    assert "1,234" in text


async def test_a_failed_image_of_a_product_that_shows_nothing_is_listed_with_its_product(desk: Desk) -> None:
    row = replace(accepted_row(7, b"alone"), state=ImageState.FAILED, error_code="empty", fingerprint="empty@shop.test", product_id="p9")
    desk.rows.rows[row.key] = row
    text = await desk.get("/admin/products")
    assert "/admin/shops/7/images/alone" in text
    assert "/admin/shops/7?product=p9" in text
    assert "/admin/shops/7/images/good" not in text


async def test_what_happened_can_be_narrowed_to_a_kind(desk: Desk) -> None:
    assert "worker w2 started" in await desk.get("/admin/timeline")
    assert "worker w2 started" not in await desk.get("/admin/timeline?kind=import")


@pytest.mark.parametrize(
    "query", ["span=1y", "kind=everything", "before=yesterday", "before=2026-03-01T00:00:00%2B02:00", "x=1", "span=1h&span=7d"]
)
async def test_a_wrong_parameter_of_the_timeline_is_refused(desk: Desk, query: str) -> None:
    assert (await desk.client.get(f"/admin/timeline?{query}", headers=VIEW)).status == 400


@pytest.mark.parametrize("query", ["shop=x&after=YQ==", "shop=7&after=%25", "page=2"])
async def test_a_wrong_parameter_of_the_products_is_refused(desk: Desk, query: str) -> None:
    assert (await desk.client.get(f"/admin/products?{query}", headers=VIEW)).status == 400


async def test_a_suspected_cause_blames_no_shop_until_an_operator_decides(desk: Desk) -> None:
    suspicion = Suspicion("empty", SCRIPT, NOW, NOW, Rise("empty", 0.001, 0.1, 30, 300))
    await desk.causes.suspicions.add([suspicion])
    text = await desk.get(CAUSE)
    assert "300 images of 30 hosts" in text
    assert 'name="ours" value="yes"' in text
    assert 'name="ours" value="no"' in text
    assert PLATFORM_LOOKS in text, "what to copy asks the shop for nothing"
    assert SCRIPT not in text
    assert "suspected ours" in await desk.get("/admin/causes")
    for key, row in desk.rows.rows.items():
        desk.rows.rows[key] = replace(row, judged_by=SCRIPT)
    assert PLATFORM_LOOKS in await desk.get("/admin/shops/7/images/bad-1")
    assert PLATFORM_LOOKS in await desk.get("/admin/shops/7/failures.csv")
    await desk.post(f"{CAUSE}/ours", {"ours": "no"})
    text = await desk.get(CAUSE)
    assert "Suspected" not in text
    assert PLATFORM_LOOKS not in text
    assert PLATFORM_LOOKS not in await desk.get("/admin/shops/7/failures.csv")
    await desk.post(f"{CAUSE}/ours", {"ours": "yes"})
    assert "decided by ops" in await desk.get(CAUSE)
    assert [entry.action for entry in desk.causes.audit] == ["cause.ours", "cause.ours"]


STORAGE = PlatformFault(FaultKind.DEPENDENCY_STORAGE, SCRIPT, SCRIPT)
ALERT = "/admin/alerts/fault.dependency_storage@-"


async def test_an_operator_takes_an_alert_over_and_gives_it_back(desk: Desk) -> None:
    await desk.alerts.open_fault(STORAGE, age=timedelta(minutes=20), reported_ago=None)
    text = await desk.get("/admin/alerts")
    assert SCRIPT not in text
    assert "wake" in text
    assert 'method="post"' not in await desk.get("/admin/alerts", VIEW)
    assert (await desk.post(f"{ALERT}/take", headers=VIEW))[0] == 403
    assert await desk.post(f"{ALERT}/take") == (303, "/admin/alerts")
    text = await desk.get("/admin/alerts")
    assert "<dt>taken by</dt><dd><bdi>ops</bdi>" in text
    assert f"{ALERT}/take" not in text, "who has it need not take it"
    assert await desk.post(f"{ALERT}/release") == (303, "/admin/alerts")
    assert "taken by" not in await desk.get("/admin/alerts")
    assert (await desk.post(f"{ALERT}/release"))[0] == 404
    assert [(entry.action, entry.actor.name, entry.target) for entry in desk.alerts.audit] == [
        ("alert.take", "ops", STORAGE.fingerprint), ("alert.release", "ops", STORAGE.fingerprint)
    ]  # fmt: skip


async def test_a_fault_that_is_over_shows_what_it_left_to_do(desk: Desk) -> None:
    await desk.alerts.open_fault(STORAGE, age=timedelta(minutes=20), reported_ago=None)
    alert = desk.alerts.rows[STORAGE.fingerprint]
    desk.alerts.recoveries[alert.fingerprint, 1] = Recovery(alert, NOW - timedelta(minutes=5), 1200, NOW - timedelta(minutes=5))
    text = await desk.get("/admin/alerts")
    assert "Object storage is available again" in text
    assert "1,200 images" in text


async def test_an_alert_that_is_over_or_never_was_cannot_be_taken(desk: Desk) -> None:
    assert (await desk.post(f"{ALERT}/take"))[0] == 404
    assert (await desk.post("/admin/alerts/%00/take"))[0] == 404
    assert desk.alerts.audit == []
