"""`/admin/log-in`: by password, or by a one-time code; and the way out."""

import math
from typing import Final

from aiohttp import web

from faust_app.core.foreign import one_line
from faust_app.flows.operators.log_in import Device, LoggedIn, LogIn, Slowed, Wrong
from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.auth.entrance import Entrance
from faust_app.web.auth.tokens import LOG_IN, START, actor_of, local_target, remote_of, sender_of
from faust_app.web.pages.render import span

ONE_TIME: Final = f"{LOG_IN}/one-time"
_LONGEST_FIELD: Final = 400
_WRONG: Final = "Name or password is wrong."
_WRONG_CODE: Final = "This code is unknown, used or over ten minutes old. `shop-images user one-time NAME` makes another."


class LogInPages:
    """Serves the forms."""

    def __init__(self, frame: Frame, log_in: LogIn, entrance: Entrance) -> None:
        self._frame = frame
        self._log_in = log_in
        self._entrance = entrance

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(LOG_IN, self.form)
        router.add_post(LOG_IN, self.enter)
        router.add_get(ONE_TIME, self.one_time_form)
        router.add_post(ONE_TIME, self.enter_once)
        router.add_post("/admin/log-out", self.log_out)

    async def form(self, request: web.Request) -> web.Response:
        """Show the form, or what was asked for to whoever is logged in already."""
        refuse_unknown(request, "to")
        to = local_target(request.query.get("to", START))
        token = request.cookies.get(self._entrance.cookie)
        if token and await self._log_in.identify(token) is not None:
            return see_other(to)
        return self._frame.page(request, "admin/log_in.html", to=to, name="", problem="")

    async def enter(self, request: web.Request) -> web.Response:
        """Log in by name and password."""
        form = await form_of(request, "name", "password", "to")
        to, name = local_target(form["to"]), form["name"].strip().lower()
        if not name or not form["password"]:
            return self._refused(request, "admin/log_in.html", 400, "Enter name and password.", to=to, name=name)
        if len(name) > _LONGEST_FIELD or len(form["password"]) > _LONGEST_FIELD:
            return self._refused(request, "admin/log_in.html", 401, _WRONG, to=to, name="")
        result = await self._log_in.with_password(name, form["password"], self._device(request))
        if isinstance(result, LoggedIn):
            return self._entered(result, to)
        return self._not_entered(request, "admin/log_in.html", result, _WRONG, to=to, name=name)

    async def one_time_form(self, request: web.Request) -> web.Response:
        """Show the form that a one-time address leads to. Its code stands behind `#`, which browsers do not send."""
        refuse_unknown(request)
        return self._frame.page(request, "admin/one_time.html", problem="")

    async def enter_once(self, request: web.Request) -> web.Response:
        """Log in by a one-time code."""
        code = (await form_of(request, "code"))["code"].strip()
        if not code or len(code) > _LONGEST_FIELD:
            return self._refused(request, "admin/one_time.html", 400, "Enter the code.")
        result = await self._log_in.with_code(code, self._device(request))
        if isinstance(result, LoggedIn):
            return self._entered(result, START)
        return self._not_entered(request, "admin/one_time.html", result, _WRONG_CODE)

    async def log_out(self, request: web.Request) -> web.Response:
        """End the session."""
        await form_of(request)
        await self._log_in.log_out(sender_of(request), actor_of(request))
        answer = see_other(LOG_IN)
        self._entrance.clear_cookie(answer, self._entrance.cookie)
        return answer

    def _entered(self, result: LoggedIn, to: str) -> web.Response:
        answer = see_other(to)
        self._entrance.set_cookie(answer, self._entrance.cookie, result.token)
        return answer

    def _not_entered(self, request: web.Request, template: str, result: Wrong | Slowed, wrong: str, **values: str) -> web.Response:
        if isinstance(result, Wrong):
            return self._refused(request, template, 401, wrong, **values)
        seconds = math.ceil(result.seconds)
        reason = "Too many log-ins at once" if result.busy else "Too many failed log-ins from your network"
        answer = self._refused(request, template, 429, f"{reason}; try again in {span(seconds)}.", **values)
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def _refused(self, request: web.Request, template: str, status: int, problem: str, **values: str) -> web.Response:
        return self._frame.page(request, template, status=status, problem=problem, **values)

    @staticmethod
    def _device(request: web.Request) -> Device:
        return Device(remote_of(request), one_line(request.headers.get("User-Agent", "")))
