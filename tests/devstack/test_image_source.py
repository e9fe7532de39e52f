import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from devstack.image_source.failures import FAILURES, LIST
from devstack.image_source.server import UNDER_WAY, create_application

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def source() -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_application())) as client:
        yield client


async def test_a_picture_comes_with_its_type_and_validators(source: Client) -> None:
    response = await source.get("/pictures/cup.webp?bytes=9000")

    assert response.status == 200
    assert response.content_type == "image/webp"
    assert abs(len(await response.read()) - 9000) < 100
    assert response.headers["ETag"].startswith('"')
    assert "Last-Modified" in response.headers


@pytest.mark.parametrize(("header", "validator"), [("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")])
@pytest.mark.parametrize("path", ["/pictures/cup.jpg?bytes=9000", "/flat/7?bytes=9000"])
async def test_who_holds_the_picture_gets_304(source: Client, path: str, header: str, validator: str) -> None:
    first = await source.get(path)

    again = await source.get(path, headers={header: first.headers[validator]})

    assert again.status == 304
    assert await again.read() == b""


async def test_a_new_version_is_sent_to_who_holds_the_old_one(source: Client) -> None:
    first = await source.get("/pictures/cup.jpg?bytes=9000&v=1")

    again = await source.get("/pictures/cup.jpg?bytes=9000&v=2", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status == 200


async def test_head_tells_the_length_without_a_body(source: Client) -> None:
    response = await source.head("/pictures/cup.png?bytes=9000")

    assert response.status == 200
    assert int(response.headers["Content-Length"]) > 8000
    assert await response.read() == b""


async def test_a_name_that_starts_with_missing_is_404(source: Client) -> None:
    assert (await source.get("/pictures/missing-cup.jpg")).status == 404


async def test_the_status_asked_for_is_answered_with_its_retry_after(source: Client) -> None:
    response = await source.get("/status/503?retry_after=7")

    assert response.status == 503
    assert response.headers["Retry-After"] == "7"


async def test_a_crowded_host_is_slow_to_those_beyond_its_limit_and_to_them_alone(source: Client) -> None:
    first = [asyncio.create_task(source.get(f"/crowded/2/{number}?quick=600000")) for number in range(2)]
    assert source.app is not None
    while source.app[UNDER_WAY].total() < 2:
        await asyncio.sleep(0.01)

    beyond = await source.get("/crowded/2/3?bytes=9000&quick=600000&slow=0")
    of_another_host = await source.get("/crowded/2/4?bytes=9000&quick=0&slow=600000", headers={"Host": "other.test"})

    assert (beyond.status, of_another_host.status) == (200, 200)
    assert source.app[UNDER_WAY].total() == 2
    for task in first:
        task.cancel()
    await asyncio.gather(*first, return_exceptions=True)


async def test_redirects_end_at_the_picture(source: Client) -> None:
    response = await source.get("/redirect/3/pictures/cup.jpg?bytes=9000")

    assert response.status == 200
    assert len(response.history) == 3
    assert response.url.query["bytes"] == "9000"


async def test_a_truncated_picture_is_a_complete_answer(source: Client) -> None:
    response = await source.get("/broken/truncated/cup.jpg?bytes=9000")

    assert response.status == 200
    assert len(await response.read()) == 4500


async def test_a_short_answer_breaks_off(source: Client) -> None:
    response = await source.get("/broken/short/cup.jpg?bytes=9000")

    with pytest.raises(aiohttp.ClientPayloadError):
        await response.read()


async def test_a_page_can_stand_where_a_picture_should(source: Client) -> None:
    response = await source.get("/broken/html/cup.jpg")

    assert response.status == 200
    assert response.content_type == "text/html"


async def test_requests_and_transfers_are_counted_by_path_until_forgotten(source: Client) -> None:
    first = await source.get("/pictures/cup.jpg?bytes=9000")
    await source.get("/pictures/cup.jpg?bytes=9000", headers={"If-None-Match": first.headers["ETag"]})
    await source.get("/pictures/missing.jpg")

    counts = await (await source.get("/requests")).json()
    await source.delete("/requests")
    forgotten = await (await source.get("/requests")).json()

    assert counts["paths"]["/pictures/cup.jpg"] == {"requests": 2, "transfers": 1, "bytes": 9000}
    assert counts["paths"]["/pictures/missing.jpg"]["transfers"] == 0
    assert counts["total"]["requests"] == 3
    assert forgotten == {"total": {"requests": 0, "transfers": 0, "bytes": 0}, "paths": {}}


async def test_a_size_that_is_no_number_is_refused(source: Client) -> None:
    assert (await source.get("/pictures/cup.jpg?bytes=many")).status == 400


async def test_the_list_of_failures_has_each_address_and_any_other_code_is_404(source: Client) -> None:
    lines = [line.split() for line in (await (await source.get(LIST)).text()).splitlines()]

    assert [(code, address) for code, address, *_ in lines] == [(code, str(source.make_url(f"{LIST}{code}"))) for code in FAILURES]
    assert (await source.get(f"{LIST}internal_error")).status == 404
