"""Every route of the web process: without a log-in, with the wrong role, for a foreign shop, from a foreign origin.

The tests walk the router, so that a route that is added is tested without being named.
"""

import re
from collections.abc import AsyncIterator

import pytest

from faust_app.core.operators.access import Role, Sender
from faust_app.core.republish.run import Run, RunStatus
from faust_app.core.republish.selection import Selection
from faust_app.web.auth.rules import needed_scope
from faust_app.wiring.web import WebParts
from tests.factories import NOW
from tests.web.operator_site import BROWSER, SAME_ORIGIN, OperatorSite, Untouched, open_site

OPEN = {
    ("GET", "/i/{shop_no}/{image_id}"),
    ("GET", "/docs"),
    ("GET", "/docs/"),
    ("GET", "/docs/openapi.json"),
    ("GET", "/docs/asyncapi.json"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/admin/log-in"),
    ("POST", "/admin/log-in"),
    ("GET", "/admin/log-in/one-time"),
    ("POST", "/admin/log-in/one-time"),
    ("GET", "/admin/static/{name}"),
    ("GET", "/reports/enter"),
    ("GET", "/reports/let-us-in"),
    ("POST", "/reports/enter"),
}
"""What needs no log-in. A route is added here only on purpose."""
FOR_LIMITED = {
    ("GET", "/lag"),
    ("GET", "/stalled"),
    ("GET", "/v1/changes"),
    ("POST", "/v1/republish"),
    ("GET", "/v1/republish"),
    ("GET", "/"),
    ("GET", "/admin"),
    ("GET", "/admin/"),
    ("GET", "/admin/audit"),
    ("GET", "/v1/audit"),
    ("GET", "/admin/sessions"),
    ("POST", "/admin/sessions/{number}/revoke"),
    ("POST", "/admin/sessions/revoke-others"),
    ("POST", "/admin/log-out"),
    ("GET", "/admin/zone"),
    ("POST", "/admin/zone"),
    *((method, f"/v1/republish/{{number}}{rest}") for method, rest in (
        ("GET", ""), ("GET", "/images"), ("POST", "/try"), ("POST", "/start"), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/cancel"),
        ("PUT", "/rate"),
    )),
}  # fmt: skip
"""Routes without a shop that are open to whoever is limited to shops: each narrows itself, or says nothing of a shop."""
EXAMPLES = {"shop_no": "7", "image_id": "a", "number": "1", "name": "admin.css", "fingerprint": "empty@-", "lane": "bulk", "kind": "weight"}


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        yield opened


class FakeRuns(Untouched):
    """Runs of these selections, numbered from 1."""

    def __init__(self, selections: list[Selection]) -> None:
        self._runs = [Run(n, RunStatus.PLANNED, each, 1.0, None, "anna", NOW) for n, each in enumerate(selections, 1)]

    async def newest(self, _before: int | None, limit: int) -> list[Run]:
        return self._runs[::-1][:limit]

    async def get(self, number: int) -> Run | None:
        return self._runs[number - 1]


def routes(site: OperatorSite) -> list[tuple[str, str]]:
    """Return method and pattern of every route; HEAD follows GET."""
    found = {(route.method, route.resource.canonical) for route in site.client.server.app.router.routes() if route.resource}  # type: ignore[attr-defined]
    assert all(method != "*" for method, _ in found)
    return sorted((method, path) for method, path in found if method != "HEAD")


def path_of(pattern: str) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda match: EXAMPLES[match[1]], pattern)


def is_change(method: str) -> bool:
    return method not in {"GET", "HEAD"}


async def test_the_walk_covers_everything_that_the_web_process_registers(site: OperatorSite) -> None:
    registered = {name for name, kind in WebParts.__annotations__.items() if hasattr(kind, "register")}
    assert site.registered == registered
    assert len(routes(site)) > 25


async def test_without_a_log_in_a_machine_gets_401_and_a_person_the_form(site: OperatorSite) -> None:
    for method, pattern in routes(site):
        path = path_of(pattern)
        if (method, pattern) in OPEN:
            assert needed_scope(method, path) is None, (method, path)
            continue
        assert needed_scope(method, path) is not None, (method, path)
        people = path.startswith("/admin")
        machine = await site.ask(method, path, SAME_ORIGIN)
        assert machine.status == (303 if people else 401), (method, path)
        for wrong in ("Bearer nobody", "Bearer ", "Basic bm9ib2R5"):
            assert (await site.ask(method, path, SAME_ORIGIN | {"Authorization": wrong})).status == 401, (method, path, wrong)
        cookies = f"{site.cookie}=forged; {site.visit_cookie}=forged"
        forged = await site.ask(method, path, SAME_ORIGIN | {"Cookie": cookies, **BROWSER})
        if path.startswith("/reports"):  # its people have no log-in here
            assert (forged.status, "Location" in forged.headers) == (401, False), (method, path)
            continue
        assert (forged.status, forged.headers["Location"].partition("?")[0]) == (303, "/admin/log-in"), (method, path)
    assert site.store.audit == []


async def test_open_routes_stay_open_to_whoever_sends_a_wrong_token(site: OperatorSite) -> None:
    for path in ("/health", "/ready", "/admin/log-in"):
        assert (await site.ask("GET", path, {"Authorization": "Bearer nobody"})).status == 200


async def test_whoever_lacks_the_scope_gets_403(site: OperatorSite) -> None:
    viewer = await site.session("vera", Role.VIEW)
    operator = await site.session("otto", Role.OPERATE)
    admin = await site.session("anna", Role.ADMIN)
    checked = 0
    for method, pattern in routes(site):
        path, scope = path_of(pattern), needed_scope(method, path_of(pattern))
        for headers, role in ((viewer, Role.VIEW), (operator, Role.OPERATE), (admin, Role.ADMIN)):
            if scope is not None and not Sender("", role.scopes).may(scope):
                answer = await site.ask(method, path, headers | SAME_ORIGIN)
                assert answer.status == 403, (method, path, role)
                assert f"lacks the scope {scope}" in await answer.text()
                checked += 1
    assert checked > 15


async def test_whoever_is_limited_to_shops_reaches_no_other(site: OperatorSite) -> None:
    limited = await site.session("lisa", Role.ADMIN, frozenset({8}))
    token = {"Authorization": "Bearer shop-secret"}
    for method, pattern in routes(site):
        path, scope = path_of(pattern), needed_scope(method, path_of(pattern))
        if scope is None or (method, pattern) in FOR_LIMITED:
            continue
        senders = [headers for headers, scopes in ((limited, Role.ADMIN.scopes), (token, {"intake", "view", "operate"})) if scope in scopes]
        for headers in senders:
            answer = await site.ask(method, path, headers | SAME_ORIGIN)
            assert answer.status == 403, (method, path)
            assert "is limited to shop 8" in await answer.text()
    assert site.rows.rows == {}


async def test_whoever_is_limited_to_shops_reaches_these(site: OperatorSite) -> None:
    token = {"Authorization": "Bearer shop-secret"}
    accepted = await site.client.put("/v1/shops/8/images/a", json={"source_url": "https://a.test/a.jpg"}, headers=token)
    assert accepted.status == 202
    assert (await site.ask("GET", "/v1/shops/8/images/a", token)).status == 200
    assert (await site.ask("GET", "/v1/shops/08/images/a", token)).status == 200
    for wrong in ("x", "%37", "7%20", "-8", "9007199254740993", "8" * 40):
        answer = await site.ask("GET", f"/v1/shops/{wrong}/images/a", token)
        assert answer.status in {400, 403}, wrong


async def test_a_session_changes_nothing_for_another_origin(site: OperatorSite) -> None:
    admin = await site.session("anna")
    before = len(site.store.audit)
    foreign = [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{site.client.host}:{site.client.port}"},
    ]
    for method, pattern in routes(site):
        if not is_change(method):
            continue
        for headers in foreign:
            answer = await site.ask(method, path_of(pattern), admin | headers)
            assert answer.status == 403, (method, pattern, headers)
            assert "was not sent by a page of ours" in await answer.text()
    assert len(site.store.audit) == before
    assert site.rows.rows == {}


async def test_our_own_origin_changes_with_either_header(site: OperatorSite) -> None:
    own = {"Origin": f"http://{site.client.host}:{site.client.port}"}
    for headers in (SAME_ORIGIN, own):
        anna = await site.session("anna")
        assert (await site.post("/admin/log-out", anna | headers)).status == 303


async def test_a_token_needs_no_origin(site: OperatorSite) -> None:
    machine = {"Authorization": "Bearer all-secret", "Sec-Fetch-Site": "cross-site"}
    accepted = await site.client.put("/v1/shops/7/images/a", json={"source_url": "https://a.test/a.jpg"}, headers=machine)
    assert accepted.status == 202


async def test_only_the_public_host_shows_pages() -> None:
    async with open_site(public_url="https://images.example.org") as site:
        admin = await site.session("anna")
        assert site.cookie == "__Host-shop_images"
        hosts = {"images.example.org": 200, "IMAGES.example.org:443": 200, "evil.test": 421, "images.example.org:80": 421}
        for host, status in hosts.items():
            for path in ("/admin/audit", "/admin/log-in/one-time"):
                assert (await site.ask("GET", path, admin | {"Host": host})).status == status, (host, path)
        machine = {"Authorization": "Bearer all-secret"}
        assert (await site.ask("GET", "/lag", machine | {"Host": "evil.test"})).status == 421
        for path in ("/health", "/ready"):
            assert (await site.ask("GET", path, {"Host": "10.0.0.7:6065"})).status == 200
        assert (await site.ask("GET", "/metrics", machine | {"Host": "10.0.0.7:6065"})).status == 200
        assert (await site.ask("GET", "/v1/shops/7/images/a", machine | {"Host": "10.0.0.7"})).status == 404
        assert (await site.ask("GET", "/v1/shops/7/images/a", admin | {"Host": "evil.test"})).status == 421
        good = admin | {"Host": "images.example.org"}
        assert (await site.post("/admin/log-out", good | {"Origin": "http://images.example.org"})).status == 403
        assert (await site.post("/admin/log-out", good | {"Origin": "https://images.example.org"})).status == 303


async def test_a_link_of_another_site_asks_again_with_the_cookie(site: OperatorSite) -> None:
    answer = await site.ask("GET", "/admin/audit?actor=anna", BROWSER | {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, answer.headers["Refresh"]) == (200, "0; url=/admin/audit?actor=anna")
    again = await site.ask("GET", "/admin/audit?actor=anna", BROWSER | {"Sec-Fetch-Site": "same-origin"})
    assert (again.status, again.headers["Location"]) == (303, "/admin/log-in?to=/admin/audit%3Factor%3Danna")


async def test_a_part_of_a_page_sends_the_whole_page_to_the_log_in(site: OperatorSite) -> None:
    answer = await site.ask("GET", "/admin/audit?before=7", BROWSER | {"HX-Request": "true", **SAME_ORIGIN})
    assert (answer.status, answer.headers["HX-Redirect"]) == (204, "/admin/log-in?to=/admin/audit%3Fbefore%3D7")


async def test_a_limited_sender_republishes_within_its_shops_alone(site: OperatorSite) -> None:
    token = {"Authorization": "Bearer shop-secret"}
    for selection in ({}, {"shops": [7]}, {"shops": [7, 8]}, {"images": [{"shop_no": 7, "image_id": "a"}]}):
        answer = await site.client.post("/v1/republish", json={"selection": selection}, headers=token)
        assert answer.status == 400, selection
        assert "selection.shops: must name shops among those of limited: shop 8" in await answer.text()


async def test_a_limited_sender_sees_no_run_of_other_shops() -> None:
    runs = FakeRuns([Selection(shops=(8,)), Selection(), Selection(shops=(7,))])
    async with open_site(runs=runs) as site:
        token, machine = {"Authorization": "Bearer shop-secret"}, {"Authorization": "Bearer all-secret"}
        listed = [[run["run"] for run in (await (await site.ask("GET", "/v1/republish", who)).json())["runs"]] for who in (token, machine)]
        assert listed == [[1], [3, 2, 1]]
        for method, path in routes(site):
            if path.startswith("/v1/republish/"):
                target = path.replace("{number}", "2") + ("?status=repaired" if path.endswith("/images") else "")
                body = {"rate": 5} if path.endswith("/rate") else None
                answer = await site.client.request(method, target, json=body, headers=token)
                assert answer.status == 404, (method, path)
