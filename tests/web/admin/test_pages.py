"""The operator's pages: log-in, sessions, audit, users, zone; their headers, their sizes and what strangers may write into them."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib import resources

import pytest

from faust_app.adapters.argon2.passwords import Argon2Passwords
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.operators.access import Role
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.web.admin.access.sessions import browser_of
from tests.web.operator_site import BROWSER, PASSWORD, SAME_ORIGIN, OperatorSite, open_site

SCRIPT = "<script>alert(1)</script>"
MAX_PAGE_BYTES = 150_000


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        yield opened


async def test_a_person_logs_in_sees_the_audit_and_logs_out(site: OperatorSite) -> None:
    await site.session("anna")
    form = await site.get("/admin/log-in?to=/admin/audit", BROWSER)
    assert 'name="password"' in form
    entered = await site.post("/admin/log-in", SAME_ORIGIN, name=" Anna ", password=PASSWORD, to="/admin/audit")
    assert (entered.status, entered.headers["Location"]) == (303, "/admin/audit")
    cookie = entered.headers["Set-Cookie"]
    assert re.fullmatch(r"shop_images=[\w-]{43}; HttpOnly; Path=/; SameSite=Strict", cookie)
    browser = BROWSER | {"Cookie": cookie.partition(";")[0]}
    page = await site.get("/admin/audit", browser)
    assert "session.log-in" in page
    assert 'aria-current="page">Audit</a>' in page
    again = await site.ask("GET", "/admin/log-in?to=/admin/zone", browser)
    assert (again.status, again.headers["Location"]) == (303, "/admin/zone")
    left = await site.post("/admin/log-out", browser | SAME_ORIGIN)
    assert (left.status, left.headers["Location"]) == (303, "/admin/log-in")
    assert "Max-Age=0" in left.headers["Set-Cookie"]
    assert (await site.ask("GET", "/admin/audit", browser)).status == 303


async def test_behind_tls_the_cookie_is_secure_and_of_this_host_alone() -> None:
    async with open_site(public_url="https://images.example.org") as site:
        await site.session("anna")
        entered = await site.post("/admin/log-in", SAME_ORIGIN | {"Host": "images.example.org"}, name="anna", password=PASSWORD)
        assert re.fullmatch(r"__Host-shop_images=[\w-]{43}; HttpOnly; Path=/; SameSite=Strict; Secure", entered.headers["Set-Cookie"])


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"name": "anna", "password": "wrong"}, 401, "Name or password is wrong."),
        ({"name": "nobody", "password": PASSWORD}, 401, "Name or password is wrong."),
        ({"name": SCRIPT, "password": PASSWORD}, 401, "Name or password is wrong."),
        ({"name": "a" * 5000, "password": "x"}, 401, "Name or password is wrong."),
        ({"name": "' OR 1=1 --", "password": "x"}, 401, "Name or password is wrong."),
        ({"name": "anna", "password": ""}, 400, "Enter name and password."),
        ({}, 400, "Enter name and password."),
        ({"name": "anna", "password": "x", "admin": "1"}, 400, "unknown or repeated"),
        ({"name": "a" * 9000, "password": "x"}, 413, "larger than"),
    ],
)
async def test_what_does_not_log_in_is_told_beside_the_form(site: OperatorSite, form: dict[str, str], status: int, told: str) -> None:
    await site.session("anna")
    answer = await site.post("/admin/log-in", BROWSER | SAME_ORIGIN, **form)
    text = await answer.text()
    assert (answer.status, told in text, SCRIPT in text) == (status, True, False)
    assert "Set-Cookie" not in answer.headers
    assert len(site.store.sessions) == 1


@pytest.mark.parametrize("body", [b"\xff\xfe", b"name", b"name=%FF&password=x", b"&" * 7000])
async def test_a_form_that_no_page_sends_is_refused(site: OperatorSite, body: bytes) -> None:
    headers = BROWSER | SAME_ORIGIN | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await site.client.post("/admin/log-in", data=body, headers=headers, allow_redirects=False)
    assert answer.status == 400
    other = await site.client.post("/admin/log-in", json={"name": "anna"}, headers=BROWSER | SAME_ORIGIN)
    assert other.status == 415


@pytest.mark.parametrize(
    "to", ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)", "evil", "/a\nb", "/" + "a" * 3000]
)
async def test_a_log_in_leads_to_our_own_pages_alone(site: OperatorSite, to: str) -> None:
    await site.session("anna")
    entered = await site.post("/admin/log-in", SAME_ORIGIN, name="anna", password=PASSWORD, to=to)
    assert (entered.status, entered.headers["Location"]) == (303, "/admin")


async def test_a_one_time_code_logs_in_once(site: OperatorSite) -> None:
    await site.session("anna")
    entry = AuditEntry(site.store.now_is, Actor("root"), "user.one-time", "user anna")
    code = hashlib.sha256(b"the-code").digest()
    site.store.one_time[code] = "anna", entry.at + timedelta(minutes=10)
    assert "data-from-fragment" in await site.get("/admin/log-in/one-time", BROWSER)
    entered = await site.post("/admin/log-in/one-time", SAME_ORIGIN, code="the-code")
    assert (entered.status, entered.headers["Location"]) == (303, "/admin")
    again = await site.post("/admin/log-in/one-time", BROWSER | SAME_ORIGIN, code="the-code")
    assert again.status == 401
    assert "unknown, used or over ten minutes old" in await again.text()


async def test_too_many_failures_are_told_with_the_time_to_wait(site: OperatorSite) -> None:
    for _ in range(5):
        assert (await site.post("/admin/log-in", BROWSER | SAME_ORIGIN, name="anna", password="wrong")).status == 401
    answer = await site.post("/admin/log-in", BROWSER | SAME_ORIGIN, name="anna", password="wrong")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "30")
    assert "try again in 30 s" in await answer.text()


async def test_a_hundred_log_ins_a_second_stop_neither_the_loop_nor_the_owner() -> None:
    async with open_site(proxies="127.0.0.1", hasher=Argon2Passwords()) as site:
        await site.session("anna")
        attacker = SAME_ORIGIN | {"X-Forwarded-For": "198.51.100.1"}
        owner = SAME_ORIGIN | {"X-Forwarded-For": "203.0.113.7"}

        async def attack() -> int:
            return (await site.post("/admin/log-in", attacker, name="anna", password="wrong wrong wrong")).status

        statuses: list[int] = []
        ticks = 0
        for _ in range(3):
            flood = [asyncio.create_task(attack()) for _ in range(100)]
            entered = await site.post("/admin/log-in", owner, name="anna", password=PASSWORD)
            assert entered.status == 303, "the owner enters while the flood lasts"
            while not all(task.done() for task in flood):
                await asyncio.sleep(0.001)
                ticks += 1
            statuses += [task.result() for task in flood]
        assert set(statuses) <= {401, 429}
        assert statuses.count(401) <= 15, "most are refused before anything is computed"
        # A password that was computed in the loop would let it turn once for each.
        assert ticks > 2 * statuses.count(401), "the event loop goes on"


async def test_sessions_are_listed_and_revoked_by_their_owner_and_by_admins(site: OperatorSite) -> None:
    vera, anna = await site.session("vera", Role.VIEW), await site.session("anna")
    page = await site.get("/admin/sessions", vera)
    assert "this one" in page
    assert "Everybody" not in page
    assert (await site.post("/admin/sessions/2/revoke", vera | SAME_ORIGIN)).status == 404
    assert (await site.post("/admin/sessions/99/revoke", anna | SAME_ORIGIN)).status == 404
    of_vera = 'data-label="User"><bdi>vera</bdi>'
    assert of_vera not in await site.get("/admin/sessions?all=1", vera)
    assert of_vera in await site.get("/admin/sessions?all=1", anna)
    ended = await site.post("/admin/sessions/1/revoke", anna | SAME_ORIGIN, all="1")
    assert (ended.status, ended.headers["Location"]) == (303, "/admin/sessions?all=1")
    assert (await site.ask("GET", "/admin/sessions", vera)).status == 303
    assert (site.store.audit[-1].action, site.store.audit[-1].target, site.store.audit[-1].actor.name) == (
        "session.revoke", "session 1 of vera", "anna",
    )  # fmt: skip
    second = await site.session("anna")
    await site.post("/admin/sessions/revoke-others", anna | SAME_ORIGIN)
    assert (await site.ask("GET", "/admin/sessions", second)).status == 303
    assert (await site.ask("GET", "/admin/sessions", anna)).status == 200


async def test_users_are_listed_for_admins(site: OperatorSite) -> None:
    await site.session("vera", Role.VIEW, frozenset({7, 8}))
    page = await site.get("/admin/users", await site.session("anna"))
    assert "shops 7, 8" in page
    assert PASSWORD not in page


async def test_the_audit_is_filtered_paged_and_escaped(site: OperatorSite) -> None:
    anna = await site.session("anna")
    for number in range(120):
        actor = Actor("otto" if number % 2 else "anna", "203.0.113.7")
        detail = {"selection": {"shops": [7], "cause": SCRIPT}, "rate": 2.0, "reason": None, "sure": True}
        site.store.record(AuditEntry(site.store.now_is, actor, "republish.plan", f"republish {number} {SCRIPT}", detail))
    page = await site.get("/admin/audit?actor=otto&action=republish.plan", anna)
    assert page.count("<tr>") == 51
    assert SCRIPT not in page
    assert "<dt>cause</dt>" in page
    older = re.search(r'href="(/admin/audit\?actor=otto&amp;action=republish.plan&amp;before=\d+)" rel="next"', page)
    assert older
    rest = await site.get(older[1].replace("&amp;", "&"), anna)
    assert rest.count("<tr>") == 11
    assert "The end of the list" in rest
    assert "No change matches." in await site.get("/admin/audit?actor=nobody", anna)


async def test_whoever_is_limited_to_shops_sees_their_own_changes(site: OperatorSite) -> None:
    lisa = await site.session("lisa", Role.OPERATE, frozenset({8}))
    await site.session("anna")
    page = await site.get("/admin/audit?actor=anna", lisa)
    assert ">anna<" not in page
    assert "What you changed" in page


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/admin/audit?before=x", "before"),
        ("/admin/audit?before=99999999999999999999", "before"),
        ("/admin/audit?actor=" + "a" * 200, "actor"),
        ("/admin/audit?action=%00", "action"),
        ("/admin/audit?nothing=1", "nothing"),
        ("/admin/audit?actor=a&actor=b", "actor"),
        ("/admin/sessions?before=-1", "before"),
        (f"/admin/users?{SCRIPT}=1", "parameter"),
    ],
)
async def test_a_wrong_parameter_is_named_on_a_page(site: OperatorSite, path: str, field: str) -> None:
    page = await site.get(path, await site.session("anna"), status=400)
    assert field in page
    assert SCRIPT not in page


async def test_times_are_shown_in_the_platforms_zone_or_the_chosen_one(site: OperatorSite) -> None:
    anna = await site.session("anna")
    in_berlin = await site.get("/admin/audit", anna)
    assert "Times in <a" in in_berlin
    assert "Europe/Berlin</a>" in in_berlin
    chosen = await site.post("/admin/zone", anna | SAME_ORIGIN, zone="Asia/Tokyo", to="/admin/audit")
    assert (chosen.status, chosen.headers["Location"]) == (303, "/admin/audit")
    cookie = chosen.headers["Set-Cookie"].partition(";")[0]
    in_tokyo = await site.get("/admin/audit", anna | {"Cookie": f"{anna['Cookie']}; {cookie}"})
    assert "Asia/Tokyo</a>" in in_tokyo
    times = [re.findall(r"<time [^>]*>([^<]+)</time>", page)[0] for page in (in_berlin, in_tokyo)]
    assert times[0] != times[1]
    forged = await site.get("/admin/audit", anna | {"Cookie": f"{anna['Cookie']}; zone=../../etc/passwd"})
    assert "Europe/Berlin</a>" in forged
    assert (await site.post("/admin/zone", anna | SAME_ORIGIN, zone="Mars/Olympus")).status == 400


async def test_every_page_is_small_strict_and_loads_only_our_own_files(site: OperatorSite) -> None:
    anna = await site.session("anna")
    await site.watch.sample()
    for path in (
        "/admin/log-in/one-time",
        "/admin/audit",
        "/admin/sessions?all=1",
        "/admin/users",
        "/admin/zone",
        "/stalled",
        "/lag",
        "/fairness",
    ):
        answer = await site.ask("GET", path, anna)
        page = await answer.text()
        assert answer.status == 200, path
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"<style|style=|<script>|\son\w+=|javascript:", page), path
        assert set(re.findall(r'(?:src|href)="(https?:)?//', page)) == set()
        loaded = re.findall(r'<(?:script|link)[^>]+(?:src|href)="(/[^"]+)"', page)
        files = [await (await site.ask("GET", name, {})).read() for name in loaded]
        assert len(page) + sum(map(len, files)) < MAX_PAGE_BYTES, path


async def test_static_files_have_the_hash_of_their_content_and_are_kept_for_a_year(site: OperatorSite) -> None:
    page = await site.get("/admin/log-in", BROWSER)
    names = re.findall(r'"(/admin/static/[^"]+)"', page)
    assert len(names) == 3
    for name in names:
        answer = await site.ask("GET", name, {})
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert hashlib.sha256(await answer.read()).hexdigest()[:12] in name
    for wrong in ("admin.css", "../../web/server.py", "..%2f..%2fserver.py", "admin.000000000000.css"):
        assert (await site.ask("GET", f"/admin/static/{wrong}", {"Authorization": "Bearer all-secret"})).status == 404


def test_the_vendored_script_is_the_one_that_was_released() -> None:
    folder = resources.files("faust_app.web") / "static" / "vendor"
    sums = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    assert sums == {
        "htmx-4.0.1.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
        "htmx-4.0.1.LICENSE.txt": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
    }


async def test_an_unavailable_database_is_told_on_a_page_and_tokens_go_on(site: OperatorSite) -> None:
    anna = await site.session("anna")
    await site.watch.sample()
    site.store.failure = Unavailable(Dependency.DATABASE)
    page = await site.get("/admin/audit", anna, status=503)
    assert "Database is unavailable" in page
    assert (await site.post("/admin/log-in", BROWSER | SAME_ORIGIN, name="anna", password=PASSWORD)).status == 503
    assert (await site.ask("GET", "/lag", {"Authorization": "Bearer all-secret"})).status == 200
    assert (await site.ask("GET", "/health", {})).status == 200


async def test_unknown_addresses_are_pages_for_people_and_problems_for_machines(site: OperatorSite) -> None:
    anna = await site.session("anna")
    assert "There is nothing at this address." in await site.get("/admin/nothing", anna, status=404)
    answer = await site.ask("GET", "/v1/nothing", {"Authorization": "Bearer all-secret"})
    assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_the_first_page_is_one_that_may_be_opened(site: OperatorSite) -> None:
    answer = await site.ask("GET", "/admin", await site.session("anna"))
    assert (answer.status, answer.headers["Location"]) == (303, "/admin/causes")
    limited = await site.ask("GET", "/admin", await site.session("lisa", shops=frozenset({8})))
    assert limited.headers["Location"] == "/lag"


async def test_stalled_is_narrowed_to_the_shops_of_the_sender(site: OperatorSite) -> None:
    await site.watch.sample()
    one = {"Authorization": "Bearer shop-secret"}
    assert (await site.ask("GET", "/stalled?shop=7", one)).status == 403
    own = await site.ask("GET", "/stalled", one)
    assert (own.status, "shop 8" in await own.text()) == (404, True)
    two = await site.session("lisa", Role.VIEW, frozenset({7, 8}))
    refused = await site.get("/stalled", two, status=403)
    assert "is required: one of shops 7, 8" in refused


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36 Edg/139.0",
            "Edge 139, Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1", "Safari 19, iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_browser_is_named_as_people_call_it(agent: str, told: str) -> None:
    assert browser_of(agent) == told
