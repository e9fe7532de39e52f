"""A token with an end counts until then."""

from datetime import datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from faust_app.web.auth.token_book import Token
from faust_app.web.auth.tokens import Authentication
from faust_app.web.problems import problem_details

END = datetime(2027, 1, 31)  # noqa: DTZ001 - UTC, as everywhere


@pytest.mark.parametrize(("late", "status"), [(timedelta(seconds=-1), 200), (timedelta(), 401)])
async def test_a_token_is_refused_from_its_end_on(late: timedelta, status: int) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    token = Token("shop", "secret", frozenset({"view"}), None, END)
    authentication = Authentication([token], now=lambda: END + late)
    application = web.Application(middlewares=[problem_details, authentication.middleware])  # type: ignore[list-item]
    application.router.add_get("/v1/x", answer)
    async with TestClient(TestServer(application)) as client:
        answered = await client.get("/v1/x", headers={"Authorization": "Bearer secret"})
        assert answered.status == status
        if status == 401:
            assert (await answered.json())["detail"] == "this token has ended; use the one that took its place"
