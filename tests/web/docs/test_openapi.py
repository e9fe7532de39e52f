"""The OpenAPI document: every route is in it, it is valid, and the reference in docs/ names the same routes."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from faust_app.web.auth.rules import needed_scope
from faust_app.web.contract.operation import operation_of
from faust_app.web.docs.openapi import api_routes, openapi_document
from tests.web.operator_site import BROWSER, OperatorSite, open_site

HTTP = Path(__file__).parents[3] / "docs" / "reference" / "http.md"
UNTOLD = {("GET", "/admin/...")}


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        yield opened


async def document_of(site: OperatorSite) -> dict[str, Any]:
    answer = await site.client.get("/docs/openapi.json")
    assert answer.status == 200
    return cast("dict[str, Any]", await answer.json())


async def test_every_route_for_machines_declares_what_it_takes_and_answers(site: OperatorSite) -> None:
    app = site.client.app
    assert app is not None
    missing = [(method, path) for method, path, handler in api_routes(app.router) if operation_of(handler) is None]
    assert missing == []


async def test_the_document_is_valid_and_each_operation_has_a_name_of_its_own(site: OperatorSite) -> None:
    document = await document_of(site)
    OpenAPIV31SpecValidator(document).validate()
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids)) > 30


async def test_every_reference_leads_to_a_schema_of_the_document(site: OperatorSite) -> None:
    document = await document_of(site)
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(document))) - names == set()


async def test_the_reference_names_the_same_operations_with_the_same_scopes(site: OperatorSite) -> None:
    document = await document_of(site)
    found = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {re.sub(r"\{[^}]*\}", "{}", f"{method} {path}") for method, path in found} == {
        re.sub(r"\{[^}]*\}", "{}", f"{method} {path}") for method, path, _ in told()
    }
    for method, path, scope in told():
        assert needed_scope(method, path.replace("{", "").replace("}", "")) == (None if scope == "none" else scope.strip("`")), (
            method,
            path,
        )


def told() -> list[tuple[str, str, str]]:
    """Return method, path and scope of every row of the table in the reference; braces with commas are alternatives."""
    rows = re.findall(r"^\| (`(?:GET|PUT|POST|DELETE) [^|]*) \| [^|]* \| ([^|]*) \|", HTTP.read_text(), re.MULTILINE)
    found = []
    for names, scope in rows:
        for method, path in re.findall(r"`(GET|PUT|POST|DELETE) ([^`]*)`", names):
            plain = path.partition("?")[0]
            if (method, plain) in UNTOLD:
                continue
            alternatives = re.search(r"\{([a-z]+(?:, [a-z]+)+)\}", plain)
            for choice in alternatives[1].split(", ") if alternatives else [""]:
                one = plain.replace(alternatives[0], choice) if alternatives else plain
                found.append((method, one, scope.strip()))
    return found


async def test_the_document_is_sent_once_and_then_only_confirmed(site: OperatorSite) -> None:
    first = await site.client.get("/docs/openapi.json")
    again = await site.client.get("/docs/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")


async def test_the_page_shows_every_operation_and_loads_nothing_from_outside(site: OperatorSite) -> None:
    text = await site.get("/docs", BROWSER)
    document = await document_of(site)
    assert all(f'id="{operation["operationId"]}"' in text for methods in document["paths"].values() for operation in methods.values())
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert set(re.findall(r'href="#([^"]*)"', text)) <= set(re.findall(r'id="([^"]*)"', text))
    assert "`" not in text
    assert len(text) < 200_000


async def test_a_worker_makes_no_document_of_pages_for_people(site: OperatorSite) -> None:
    app = site.client.app
    assert app is not None
    assert not [path for path in openapi_document(app.router, "1")["paths"] if path.startswith("/admin")]
