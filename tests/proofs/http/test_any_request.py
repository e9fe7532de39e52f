"""Any request that the OpenAPI document allows, and many that it does not, against the real web process and its services.

The process never answers 5xx, and never anything that the document does not say: no other status, type of content or field.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    ignored_auth,
]
SHOP = 7
EXISTING: dict[str, Any] = {"shop_no": SHOP, "image_id": "stored", "number": 1}
"""What there is: half of the requests ask for it, so that not every answer is a 404."""
LONG_POLL = "/v1/changes"
EXAMPLES = 20
"""Requests of each kind for each operation."""


@schemathesis.serializer("application/x-ndjson")
def lines(_context: object, value: Any) -> bytes:
    """Send lines as they are drawn."""
    return value.encode() if isinstance(value, str) else bytes(value)


@pytest.fixture(scope="module")
def document(install: Callable[..., Settings], stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a running web process, which nobody holds to a rate here."""
    installation = Installation(install(token_rate=1e6, token_burst=10_000_000), stack, tmp_path_factory.mktemp("http"))
    try:
        asyncio.run(_furnish(installation))
        assert installation.web is not None
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{installation.web.port}/docs/openapi.json")
    finally:
        installation.close()


async def _furnish(installation: Installation) -> None:
    """Start the web process, and let there be a stored image, a failed one with its cause, a plan, and samples of everything."""
    _, worker = await installation.start()
    await installation.put(SHOP, "stored", "/flat/1?bytes=5000")
    await installation.put(SHOP, "gone", "/status/410")
    await installation.until(lambda: installation.states(SHOP) == {"DONE": 1, "FAILED": 1}, "both images ended")
    status, plan = await installation.call("POST", "/v1/republish", json={"selection": {"shops": [SHOP]}})
    assert (status, plan["run"]) == (201, EXISTING["number"])
    for path in ("/lag", "/stalled", "/fairness"):
        await installation.until(lambda: _answers(installation, path), path)  # noqa: B023 - awaited here
    worker.terminate()


async def _answers(installation: Installation, path: str) -> bool:
    status, _ = await installation.call("GET", path)
    return status == 200


def test_every_request_is_answered_as_the_document_says(document: Any, stack: Stack) -> None:
    token = stack.environment()["OPERATE_TOKEN"]
    problems = {}
    for found in document.get_all_operations():
        operation = found.ok()

        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(), exists=st.booleans())
        def check(case: Any, *, exists: bool) -> None:
            if exists:
                case.path_parameters.update({name: value for name, value in EXISTING.items() if name in case.path_parameters})
            if case.operation.path == LONG_POLL and _is_long_wait(case.query.get("wait", "30")):
                case.query["wait"] = 0
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, allow_redirects=False, timeout=30, checks=CHECKS)

        try:
            check()
        except FailureGroup as found_wrong:  # collected, so that one run names every operation that breaks its word
            problems[operation.label] = [str(each) for each in found_wrong.exceptions]
    assert problems == {}


def _is_long_wait(value: object) -> bool:
    """Return whether the feed would wait for so many seconds; what is no such number is refused at once."""
    return str(value).isascii() and str(value).isdecimal() and 0 < int(str(value)[:9]) <= 30


EDGES = """
[checks]
# A schema cannot say every rule; and what was deleted can still be asked for.
positive_data_acceptance.enabled = false
use_after_free.enabled = false
ensure_resource_availability.enabled = false

[[operations]]
# An invalid item is answered beside the valid ones of its batch, not by an error of the whole.
include-operation-id = "intake_post"
checks.negative_data_rejection.enabled = false

[[operations]]
# A shop without results is waited for as long as the request says.
include-operation-id = "changes_list"
parameters = { wait = 0 }
"""


async def test_requests_at_the_edges_of_the_document_and_beyond_are_answered_as_it_says(
    document: Any, stack: Stack, tmp_path: Path
) -> None:
    (tmp_path / "schemathesis.toml").write_text(EDGES)
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")), "run", document.location, "--phases", "coverage", "--continue-on-failure",
        "--header", f"Authorization: Bearer {stack.environment()['OPERATE_TOKEN']}", "--generation-deterministic", "--no-color",
        "--max-redirects", "0", "--exclude-path-regex", "^/docs",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed = (await process.communicate())[0].decode()
    assert process.returncode == 0, printed
