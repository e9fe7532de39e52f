"""`/admin/sessions`: who is logged in and from where; ends sessions."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from faust_app.core.operators.access import Sender, Session, is_over
from faust_app.core.operators.audit import AuditEntry
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.operators import Sessions
from faust_app.web.admin.forms import form_of, number_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.auth.tokens import actor_of, sender_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/sessions"
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """A session as the page shows it."""

    session: Session
    is_open: bool
    is_own: bool

    @property
    def browser(self) -> str:
        """The browser as people call it."""
        return browser_of(self.session.user_agent)


class SessionPages:
    """Serves the list; administrators see everybody's sessions."""

    def __init__(self, frame: Frame, sessions: Sessions, *, clock: Clock) -> None:
        self._frame = frame
        self._sessions = sessions
        self._clock = clock

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.list)
        router.add_post(PATH + "/{number:[0-9]{1,15}}/revoke", self.revoke)
        router.add_post(f"{PATH}/revoke-others", self.revoke_others)

    async def list(self, request: web.Request) -> web.Response:
        """Show sessions, newest first, a page at a time."""
        refuse_unknown(request, "all", "before")
        sender = sender_of(request)
        of_all = "admin" in sender.scopes and request.query.get("all") == "1"
        before = number_of(request.query.get("before"), "before")
        found, now = await self._sessions.newest(None if of_all else sender.name, before, PAGE), await self._clock.now()
        shown = [Shown(each, not is_over(each, now), each.number == sender.session) for each in found]
        older = found[-1].number if len(found) == PAGE else None
        return self._frame.page(request, "admin/sessions.html", shown=shown, of_all=of_all, before=before, older=older)

    async def revoke(self, request: web.Request) -> web.Response:
        """End a session: one's own, or anybody's as an administrator."""
        form = await form_of(request, "all")
        sender, number = sender_of(request), int(request.match_info["number"])
        session = await self._sessions.get(number)
        if session is None or not _may_end(sender, session):
            raise Problem(404, "there is no such session of yours")
        entry = AuditEntry(await self._clock.now(), actor_of(request), "session.revoke", f"session {number} of {session.account}")
        await self._sessions.revoke(number, entry)
        return see_other(f"{PATH}?all=1" if form["all"] == "1" else PATH)

    async def revoke_others(self, request: web.Request) -> web.Response:
        """End every other session of one's own."""
        await form_of(request)
        sender = sender_of(request)
        if sender.session is None:
            raise Problem(409, "a token has no sessions")
        entry = AuditEntry(await self._clock.now(), actor_of(request), "session.revoke-others", f"user {sender.name}")
        await self._sessions.revoke_all(sender.name, sender.session, entry)
        return see_other(PATH)


_BROWSERS: Final = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Version/", "Safari"))
_SYSTEMS: Final = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


def browser_of(user_agent: str) -> str:
    """Return a browser as people call it, else what it calls itself; the page shows that as well."""
    found = next(((mark, name) for mark, name in _BROWSERS if mark in user_agent), None)
    if found is None:
        return user_agent
    mark, name = found
    version = user_agent.partition(mark)[2].partition(".")[0].partition(" ")[0]
    system = next((system for system in _SYSTEMS if system in user_agent), None)
    return f"{name} {version}" + (f", {system}" if system else "")


def _may_end(sender: Sender, session: Session) -> bool:
    return "admin" in sender.scopes or (sender.session is not None and session.account == sender.name)
