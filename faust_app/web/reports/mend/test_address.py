"""`/reports/{shop_no}/test`: how the shop's server answers us for one address."""

from typing import Any, Final

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from faust_app.core.messages.events import SourceUrl
from faust_app.core.redact import redact_query
from faust_app.core.reports.mend import Standing
from faust_app.core.reports.test_fetch import TestFetch, state_of
from faust_app.flows.ports.clock import Clock
from faust_app.flows.reports.test_fetch import AskTestFetch
from faust_app.web.admin.forms import form_of, number_of, refuse_unknown, see_other
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.bodies import shop_no_of
from faust_app.web.reports.frame import SEGMENT, SHOP, ReportFrame, ReportProblem, linked
from faust_app.web.reports.language import PARAMETER, Language, language_of
from faust_app.web.reports.mend.overview import MEND
from faust_app.web.reports.mend.words import reason, to_do

TEST: Final = SHOP + "/test"
_WAIT_SECONDS: Final = 6.0
"""How long the page waits for the result: longer than a usual fetch, shorter than people's patience."""
_ADDRESS: Final = TypeAdapter(SourceUrl)


class TestAddressPage:
    """Serves the form, and the result."""

    __test__ = False  # pytest takes a name that begins so for a test

    def __init__(self, frame: ReportFrame, tests: AskTestFetch, *, clock: Clock, wait_seconds: float = _WAIT_SECONDS) -> None:
        self._frame = frame
        self._tests = tests
        self._clock = clock
        self._wait_seconds = wait_seconds

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(TEST, self.show)
        router.add_post(TEST + "-fetches", self.ask)

    async def show(self, request: web.Request) -> web.Response:
        """Show the form, filled with an address where one is given, and the result of a test once there is one."""
        refuse_unknown(request, "number", "url", PARAMETER)
        shop_no, number = shop_no_of(request, SEGMENT), number_of(request.query.get("number"), "number")
        if number is None:
            return self._page(request, shop_no, request.query.get("url", "")[:4096])
        test = await self._tests.now_or_soon(shop_no, number, self._wait_seconds)
        if test is None:
            raise ReportProblem(404, "test.unknown")
        state = state_of(test, await self._clock.now()).value
        return self._page(request, shop_no, "", test=test, state=state, shown_url=redact_query(test.url))

    async def ask(self, request: web.Request) -> web.Response:
        """Ask for a test; what is wrong with the address stands beside its field."""
        form = await form_of(request, "url")
        shop_no, language, url = shop_no_of(request, SEGMENT), language_of(request), form["url"].strip()
        try:
            _ADDRESS.validate_python(url)
        except ValidationError:
            return self._page(request, shop_no, url, status=400, wrong=language.text("test.wrong"))
        test = await self._tests.ask(shop_no, url, actor_of(request))
        if test is None:
            return self._page(request, shop_no, url, status=429, wrong=language.text("test.too_many"))
        return see_other(linked(request, TEST.format(shop_no=shop_no), number=test.number))

    def _page(
        self, request: web.Request, shop_no: int, url: str, *, status: int = 200, test: TestFetch | None = None, **values: Any
    ) -> web.Response:
        language: Language = language_of(request)
        return self._frame.page(
            request, "reports/test.html", status=status, path=TEST.format(shop_no=shop_no), mend_path=MEND.format(shop_no=shop_no),
            url=url, test=test, reason=lambda standing, code: reason(language, Standing(standing), code),
            to_do=lambda standing, code: to_do(language, Standing(standing), code), **{"wrong": None, **values},
        )  # fmt: skip
