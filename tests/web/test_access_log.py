"""One line for each request, which names its sender and none of its secrets."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.web.conftest import INTAKE, Site

IMAGE = "/v1/shops/7/images/a"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    caplog.set_level(logging.INFO)
    with capture_logs() as found:
        yield found


def requests(lines: list[Any]) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == "request"]


async def test_a_line_says_who_asked_for_what_and_how_it_was_answered(site: Site, lines: list[Any]) -> None:
    body = {"source_url": "https://shop.test/a.jpg?sig=s3cr3t", "correlation_id": "order-1"}
    await site.client.put(IMAGE, json=body, headers=INTAKE)
    (line,) = requests(lines)
    assert line.pop("ms") >= 0
    assert line.pop("bytes") > 50
    assert line.pop("remote") == "127.0.0.1"
    assert line == {
        "event": "request", "log_level": "info", "method": "PUT", "path": IMAGE, "status": 202,
        "sender": "shop", "correlation_id": "order-1",
    }  # fmt: skip


async def test_of_a_query_the_names_are_shown_and_no_value(site: Site, lines: list[Any]) -> None:
    await site.client.delete(f"{IMAGE}?external_version=4711&token=s3cr3t", headers={"Authorization": "Bearer s3cr3t"})
    (line,) = requests(lines)
    assert (line["status"], line["query"], "sender" in line) == (401, "external_version,token", False)
    assert "s3cr3t" not in str(line)
    assert "4711" not in str(line)


async def test_a_line_is_one_line_whatever_the_address_holds(site: Site, lines: list[Any]) -> None:
    await site.client.get("/%0a%1b[31m" + "x" * 500, headers=INTAKE)
    (line,) = requests(lines)
    assert line["path"].isprintable()
    assert len(line["path"]) <= 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
async def test_what_machines_ask_every_few_seconds_has_no_line(site: Site, lines: list[Any], path: str) -> None:
    await site.client.get(path, headers=INTAKE)
    assert requests(lines) == []
