"""`/admin/causes`: why images fail, the largest cause first; and one cause, with what people decide about it."""

from datetime import timedelta
from typing import Final
from urllib.parse import quote, unquote, urlencode

from aiohttp import web

from faust_app.core.causes.cause import MAX_NOTE, Cause, CauseDetails, letter_to_shop, status_of
from faust_app.core.causes.suspicion import describe
from faust_app.flows.causes.decide import CauseDesk
from faust_app.web.admin.forms import form_of, number_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.auth.tokens import actor_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/causes"
_PAGE: Final = 50
_CHARACTERS: Final = 320
_RELEASE: Final = 120
_MOST_DAYS: Final = 90


class CausePages:
    """Serves the list and one cause."""

    def __init__(self, frame: Frame, desk: CauseDesk) -> None:
        self._frame = frame
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        one = PATH + "/{fingerprint:[^/]+}"
        router.add_get(PATH, self.list)
        router.add_get(one, self.get)
        router.add_post(one + "/resolve", self.resolve)
        router.add_post(one + "/ignore", self.ignore)
        router.add_post(one + "/reopen", self.reopen)
        router.add_post(one + "/note", self.set_note)
        router.add_post(one + "/ours", self.set_ours)
        router.add_post(one + "/asked", self.asked)

    async def list(self, request: web.Request) -> web.Response:
        """Show causes, a page at a time."""
        refuse_unknown(request, "images", "after")
        images, fingerprint = number_of(request.query.get("images"), "images"), request.query.get("after", "")
        if len(fingerprint) > _CHARACTERS or (fingerprint and images is None):
            raise Problem(400, "after must be what the link to the next page says", errors=[("after", "is not valid")])
        after = None if images is None else (images, fingerprint)
        causes, now, blame = await self._desk.page(after, _PAGE), await self._desk.now(), await self._desk.blame()
        older = None
        if len(causes) == _PAGE:
            older = f"{PATH}?{urlencode({'images': causes[-1].images, 'after': causes[-1].fingerprint})}"
        return self._frame.page(
            request, "admin/causes.html",
            causes=[(cause, status_of(cause, now), path_of(cause), blame.suspicion_of(cause.code)) for cause in causes], older=older,
            after=after, newest=PATH,
        )  # fmt: skip

    async def get(self, request: web.Request) -> web.Response:
        """Show one cause."""
        refuse_unknown(request)
        details = await self._details(request)
        cause, blame = details.cause, await self._desk.blame()
        is_ours, suspicion = blame.is_ours_now(cause.fingerprint), blame.suspicion_of(cause.code)
        letters = [(shop, letter_to_shop(cause, shop.images, is_ours=is_ours)) for shop in details.shops]
        most = max(details.curve, default=0)
        return self._frame.page(
            request, "admin/cause.html", cause=cause, details=details, state=status_of(cause, await self._desk.now()), letters=letters,
            bars=[(count, round(40 * count / most) if most else 0) for count in details.curve], total=sum(details.curve),
            address=path_of(cause), is_ours=is_ours, suspicion=suspicion, why=None if suspicion is None else describe(suspicion),
            plan=f"/admin/republish?{urlencode({'cause': cause.fingerprint})}", max_note=MAX_NOTE,
        )  # fmt: skip

    async def resolve(self, request: web.Request) -> web.Response:
        """Mark the cause resolved."""
        form = await form_of(request, "release")
        release = form["release"].strip()
        if len(release) > _RELEASE or not (release or "-").isprintable():
            raise Problem(400, f"the release must be at most {_RELEASE} printable characters", errors=[("release", "is too long")])
        cause = (await self._details(request)).cause
        await self._desk.resolve(cause.fingerprint, release or None, actor_of(request))
        return see_other(path_of(cause))

    async def ignore(self, request: web.Request) -> web.Response:
        """Ignore the cause for some days."""
        days = number_of((await form_of(request, "days"))["days"], "days")
        if days is None or not 1 <= days <= _MOST_DAYS:
            raise Problem(400, f"the days must be 1 to {_MOST_DAYS}", errors=[("days", f"must be 1 to {_MOST_DAYS}")])
        cause = (await self._details(request)).cause
        refused = await self._desk.ignore(cause.fingerprint, await self._desk.now() + timedelta(days=days), actor_of(request))
        if refused is not None:
            raise Problem(400, f"the time {refused}", errors=[("days", refused)])
        return see_other(path_of(cause))

    async def reopen(self, request: web.Request) -> web.Response:
        """Clear that the cause is resolved or ignored."""
        await form_of(request)
        cause = (await self._details(request)).cause
        await self._desk.reopen(cause.fingerprint, actor_of(request))
        return see_other(path_of(cause))

    async def set_note(self, request: web.Request) -> web.Response:
        """Keep a note, or remove it."""
        note = (await form_of(request, "note"))["note"].strip()
        if len(note) > MAX_NOTE:
            raise Problem(400, f"the note must be at most {MAX_NOTE:,} characters", errors=[("note", "is too long")])
        cause = (await self._details(request)).cause
        await self._desk.set_note(cause.fingerprint, note or None, actor_of(request))
        return see_other(path_of(cause))

    async def set_ours(self, request: web.Request) -> web.Response:
        """Take the blame off the shops, or put it back."""
        ours = (await form_of(request, "ours"))["ours"]
        cause = (await self._details(request)).cause
        await self._desk.set_ours(cause.fingerprint, actor_of(request), is_ours=ours == "yes")
        return see_other(path_of(cause))

    async def asked(self, request: web.Request) -> web.Response:
        """Record that a shop was asked to act."""
        shop_no = number_of((await form_of(request, "shop"))["shop"], "shop")
        if not shop_no:
            raise Problem(400, "shop must be a number", errors=[("shop", "must be a number")])
        cause = (await self._details(request)).cause
        await self._desk.asked(cause.fingerprint, shop_no, actor_of(request))
        return see_other(path_of(cause))

    async def _details(self, request: web.Request) -> CauseDetails:
        fingerprint = unquote(request.match_info["fingerprint"])
        found = await self._desk.details(fingerprint) if len(fingerprint) <= _CHARACTERS and fingerprint.isprintable() else None
        if found is None:
            raise Problem(404, "no image failed by this cause; the page of causes lists those there are")
        return found


def path_of(cause: Cause) -> str:
    """Return the page of a cause."""
    return f"{PATH}/{quote(cause.fingerprint, safe='@')}"
