"""The real web process: nothing without a log-in, a log-in by a one-time code, and no secret in its log."""

import re

from aiohttp import ClientError, ClientSession, DummyCookieJar

from tests.e2e.installation import Installation
from tests.ipv6 import needs_ipv6

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
BROWSER = {"Accept": "text/html"}


async def test_a_person_enters_by_a_one_time_code_and_nobody_without(installation: Installation) -> None:
    web = await installation.start_web()
    await installation.run_command("user", "add", "anna", "--role", "admin", "--without-password")
    out, _ = await installation.run_command("user", "one-time", "anna")
    code = out.strip().partition("#")[2]
    async with ClientSession(f"http://127.0.0.1:{web.port}", cookie_jar=DummyCookieJar()) as http:
        for path in ("/metrics", "/lag", "/stalled", "/v1/shops/7/images/a", "/v1/republish", "/router/", "/nothing"):
            async with http.get(path) as answer:
                assert answer.status == 401, path
        for path in ("/", "/admin", "/admin/audit", "/lag", "/stalled"):
            async with http.get(path, headers=BROWSER, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/admin/log-in"), path
        form = {"code": code}
        async with http.post("/admin/log-in/one-time", data=form, headers=SAME_ORIGIN, allow_redirects=False) as answer:
            assert answer.status == 303
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        async with http.get("/admin/audit", headers=BROWSER | {"Cookie": cookie}) as answer:
            page = await answer.text()
            assert answer.status == 200
            assert re.findall(r'class="code">([a-z.-]+)<', page) == ["session.log-in", "user.one-time", "user.add"]
        async with http.get("/graph", headers={"Cookie": cookie}) as answer:
            assert answer.status == 404
    log = web.log.read_text()
    assert code not in log
    assert cookie.partition("=")[2] not in log


async def test_a_worker_accepts_tokens_and_no_sessions(installation: Installation) -> None:
    worker = await installation.start_worker()
    async with ClientSession(f"http://127.0.0.1:{worker.port}", cookie_jar=DummyCookieJar()) as http:
        for path in ("/", "/metrics", "/lag", "/stalled", "/admin", "/nothing"):
            async with http.get(path, headers={"Cookie": "shop_images=forged"}, allow_redirects=False) as answer:
                assert answer.status == 401, path


@needs_ipv6
async def test_the_web_process_listens_on_an_address_of_version_6(installation: Installation) -> None:
    web = installation.spawn("web", "faust_app.web_app", WEB_BIND="::1")

    async def is_ready() -> bool:
        assert web.alive, web.log.read_text()[-3000:]
        try:
            async with ClientSession() as http, http.get(f"http://[::1]:{web.port}/ready") as answer:
                return answer.status == 200
        except ClientError:
            return False

    await installation.until(is_ready, "ready on ::1")
