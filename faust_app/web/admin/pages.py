"""Puts the operator's pages together: what they share, and which there are."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from aiohttp import web

from faust_app.flows.operators.log_in import LogIn
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.operators import Accounts, AuditLog, Sessions
from faust_app.web.admin.access.audit import AuditPage
from faust_app.web.admin.access.log_in import LogInPages
from faust_app.web.admin.access.sessions import SessionPages
from faust_app.web.admin.access.start import StartPages
from faust_app.web.admin.access.users import UsersPage
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.static import StaticFiles
from faust_app.web.auth.entrance import Entrance
from faust_app.web.auth.tokens import Authentication


class Page(Protocol):
    """A page, or some that belong together."""

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        ...


class AdminPages:
    """The pages under `/admin`, and what stands before every route of the web process."""

    def __init__(
        self,
        *,
        log_in: LogIn,
        accounts: Accounts,
        sessions: Sessions,
        audit: AuditLog,
        entrance: Entrance,
        authentication: Authentication,
        zone: ZoneInfo,
        clock: Clock,
        now: Callable[[], datetime],
        operate: Callable[[Frame], Sequence[Page]] = lambda _: (),
    ) -> None:
        """`operate` makes the pages about images in the frame of all others."""
        self.static = StaticFiles()
        self.frame = Frame(self.static, zone, now)
        self.authentication = authentication
        self._pages: tuple[Page, ...] = (
            self.static,
            StartPages(self.frame, zone.key),
            LogInPages(self.frame, log_in, entrance),
            SessionPages(self.frame, sessions, clock=clock),
            AuditPage(self.frame, audit),
            UsersPage(self.frame, accounts),
            *operate(self.frame),
        )

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        for page in self._pages:
            page.register(router)
