"""Test fetches over HTTP: how a shop's server answers us for one address, met on a worker."""

from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from faust_app.core.failure_codes import known_code
from faust_app.core.messages.events import SourceUrl
from faust_app.core.redact import redact_query
from faust_app.core.reports.test_fetch import A_MINUTE, TestFetch, TestResult, TestState, state_of
from faust_app.flows.ports.clock import Clock
from faust_app.flows.reports.test_fetch import AskTestFetch
from faust_app.web.api.images import time_text
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.answers.mend import TestFetchAnswer
from faust_app.web.contract.bodies import body_of, query_of, shop_no_of
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.problems import Problem

_MINUTE: Final = 60
TOO_MANY: Final = f"this shop has asked for {A_MINUTE} test fetches within a minute; ask again in a minute"


class TestFetchRequest(BaseModel):
    """The address to test."""

    __test__ = False  # pytest takes a name that begins so for a test

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SourceUrl


class TestFetchHandlers:
    """Handlers of test fetches."""

    __test__ = False

    def __init__(self, tests: AskTestFetch, *, clock: Clock) -> None:
        self._tests = tests
        self._clock = clock

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_post("/v1/shops/{shop_no}/test-fetches", self.post)
        router.add_get("/v1/shops/{shop_no}/test-fetches/{number:[0-9]{1,15}}", self.get)

    @described(
        Operation(
            {202: Answered("The test; a worker takes it within a second.", TestFetchAnswer, headers={"Location": "Its address."})},
            body=TestFetchRequest,
        )
    )
    async def post(self, request: web.Request) -> web.Response:
        """Have a worker fetch an address by the rules of every image; nothing is stored. Ten a minute for each shop."""
        query_of(request)
        shop_no = shop_no_of(request)
        asked = await body_of(TestFetchRequest, request)
        test = await self._tests.ask(shop_no, asked.url, actor_of(request))
        if test is None:
            raise Problem(429, TOO_MANY, headers={"Retry-After": str(_MINUTE)})
        headers = {"Location": f"/v1/shops/{shop_no}/test-fetches/{test.number}"}
        return web.json_response(await self._json(test), status=202, headers=headers)

    @described(Operation({200: Answered("The test, with its result once there is one.", TestFetchAnswer)}))
    async def get(self, request: web.Request) -> web.Response:
        """Return a test fetch; it is kept for a day."""
        query_of(request)
        test = await self._tests.get(shop_no_of(request), int(request.match_info["number"]))
        if test is None:
            raise Problem(404, "this shop has no such test fetch; they are kept for a day")
        return web.json_response(await self._json(test))

    async def _json(self, test: TestFetch) -> dict[str, Any]:
        state: TestState = state_of(test, await self._clock.now())
        return {
            "number": test.number,
            "state": state.value,
            "url": redact_query(test.url),
            "asked_at": time_text(test.asked_at),
            "result": None if test.result is None else result_json(test.result),
        }


def result_json(result: TestResult) -> dict[str, Any]:
    """Return a result as a JSON object."""
    code = known_code(result.code)
    return {
        "seconds": result.seconds,
        "status": result.status,
        "redirects": [{"status": each.status, "to": each.to} for each in result.redirects],
        "announced_type": result.announced_type,
        "bytes": result.size,
        "content_type": result.content_type,
        "width": result.width,
        "height": result.height,
        "code": result.code,
        "detail": result.detail,
        "advice": None if code is None else code.sentence,
    }
