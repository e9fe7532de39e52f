"""A shop's pages over fakes, behind the middlewares of the web process, with senders who may see more or less."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient

from faust_app.metrics import Metrics
from faust_app.web.admin.pages import Page
from faust_app.web.admin.static import StaticFiles
from faust_app.web.auth.token_book import Token
from faust_app.web.auth.tokens import Authentication
from faust_app.web.reports.frame import ReportFrame
from faust_app.web.server import web_options
from tests.factories import NOW
from tests.web.conftest import SiteServer
from tests.web.declared import as_declared

SEOUL = ZoneInfo("Asia/Seoul")
TOKENS = [
    Token("operator", "operator-secret", frozenset({"view", "operate"})),
    Token("shop 7", "shop-secret", frozenset({"view"}), frozenset({7})),
]
OPERATOR = {"Authorization": "Bearer operator-secret", "Accept": "text/html"}
SHOP = {"Authorization": "Bearer shop-secret", "Accept": "text/html"}
MACHINE = {"Authorization": "Bearer shop-secret", "Accept": "application/json"}


@dataclass
class ReportSite:
    client: TestClient[web.Request, web.Application]

    async def get(self, path: str, headers: dict[str, str] = SHOP, *, status: int = 200) -> str:
        answer = await self.client.get(path, headers=headers, allow_redirects=False)
        text = await answer.text()
        assert answer.status == status, text
        return text


@asynccontextmanager
async def open_pages(pages: Callable[[ReportFrame], Sequence[Page]], *, ancestors: Sequence[str] = ()) -> AsyncIterator[ReportSite]:
    static = StaticFiles()
    frame = ReportFrame(static, SEOUL, lambda: NOW, ancestors=ancestors)
    app = web.Application(**web_options())
    app.middlewares.extend([frame.middleware, Authentication(TOKENS).middleware, as_declared])  # type: ignore[list-item]
    for page in (static, *pages(frame)):
        page.register(app.router)
    async with TestClient(SiteServer(app, Metrics()), cookie_jar=DummyCookieJar()) as client:
        yield ReportSite(client)
