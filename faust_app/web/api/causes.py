"""Causes of failed images over HTTP: which there are, and what people decide about them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import unquote

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.causes.cause import MAX_NOTE, Cause, CauseDetails, letter_to_shop, status_of
from faust_app.core.causes.suspicion import Blame, describe
from faust_app.core.messages.events import ShopNo
from faust_app.core.messages.zoned_time import ZonedTime
from faust_app.flows.causes.decide import CauseDesk
from faust_app.web.api.images import time_text
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.answers.causes import CauseDetailsAnswer, CausePage
from faust_app.web.contract.bodies import body_of, invalid, no_body, query_of
from faust_app.web.contract.operation import Answered, Operation, Parameter, described
from faust_app.web.contract.parameters import LIMIT, number_of
from faust_app.web.problems import Problem

_PAGE: Final = 100
_CHARACTERS: Final = 320


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class Resolve(_Body):
    """The release that mends the cause; without one, any later failure brings it back."""

    release: Annotated[str, Field(min_length=1, max_length=120)] | None = None


class Ignore(_Body):
    """Until when nobody wants to hear of the cause, with a time zone."""

    until: ZonedTime


class Note(_Body):
    """A note for other operators; null removes it."""

    note: Annotated[str, Field(min_length=1, max_length=MAX_NOTE)] | None


class Ours(_Body):
    """Whether the failures are our fault, and not the shops'."""

    is_ours: bool


class Asked(_Body):
    """The shop that was asked to act."""

    shop_no: ShopNo


def _after(text: str) -> tuple[int, str]:
    images, separator, fingerprint = text.partition(":")
    if not separator or not fingerprint or len(fingerprint) > _CHARACTERS or not fingerprint.isprintable():
        raise ValueError("must be the `next` of the page before")
    return number_of(images), fingerprint


_QUERY: Final = (Parameter("after", _after, {"type": "string"}, "The `next` of the page before."), LIMIT)
_CAUSE: Final = Answered("The cause.", CauseDetailsAnswer)


class CauseHandlers:
    """Handlers of causes. A cause is named by its fingerprint, percent-encoded in the path."""

    def __init__(self, desk: CauseDesk) -> None:
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        cause = "/v1/causes/{fingerprint:[^/]+}"
        router.add_get("/v1/causes", self.list)
        router.add_get(cause, self.get)
        router.add_post(f"{cause}/resolve", self.resolve)
        router.add_post(f"{cause}/ignore", self.ignore)
        router.add_post(f"{cause}/reopen", self.reopen)
        router.add_post(f"{cause}/asked", self.asked)
        router.add_put(f"{cause}/note", self.set_note)
        router.add_put(f"{cause}/ours", self.set_ours)

    @described(Operation({200: Answered("A page of causes.", CausePage)}, query=_QUERY))
    async def list(self, request: web.Request) -> web.Response:
        """Return causes that failed images have now, those with most images first, a page at a time."""
        asked = query_of(request, _QUERY)
        limit = asked.get("limit", _PAGE)
        causes, now = await self._desk.page(asked.get("after"), limit), await self._desk.now()
        after = f"{causes[-1].images}:{causes[-1].fingerprint}" if len(causes) == limit else None
        blame = await self._desk.blame()
        return web.json_response({"causes": [cause_json(cause, now, blame) for cause in causes], "next": after})

    @described(Operation({200: _CAUSE}))
    async def get(self, request: web.Request) -> web.Response:
        """Return one cause: its shops, its failures by hour of the last day, some of its images."""
        return web.json_response(details_json(await self._details(request), await self._desk.now(), await self._desk.blame()))

    @described(Operation({200: _CAUSE}, body=Resolve, body_optional=True))
    async def resolve(self, request: web.Request) -> web.Response:
        """Mark the cause resolved."""
        asked = await body_of(Resolve, request, optional=True)
        await self._desk.resolve((await self._details(request)).cause.fingerprint, asked.release, actor_of(request))
        return await self.get(request)

    @described(Operation({200: _CAUSE}, body=Ignore))
    async def ignore(self, request: web.Request) -> web.Response:
        """Mark the cause ignored until a time."""
        until = (await body_of(Ignore, request)).until
        cause = (await self._details(request)).cause
        refused = await self._desk.ignore(cause.fingerprint, until.astimezone(UTC).replace(tzinfo=None), actor_of(request))
        if refused is not None:
            raise invalid([("until", refused)])
        return await self.get(request)

    @described(Operation({200: _CAUSE}))
    async def reopen(self, request: web.Request) -> web.Response:
        """Clear that the cause is resolved or ignored."""
        await no_body(request)
        await self._desk.reopen((await self._details(request)).cause.fingerprint, actor_of(request))
        return await self.get(request)

    @described(Operation({200: _CAUSE}, body=Asked))
    async def asked(self, request: web.Request) -> web.Response:
        """Record that a shop was asked to act."""
        asked = await body_of(Asked, request)
        await self._desk.asked((await self._details(request)).cause.fingerprint, asked.shop_no, actor_of(request))
        return await self.get(request)

    @described(Operation({200: _CAUSE}, body=Note))
    async def set_note(self, request: web.Request) -> web.Response:
        """Keep a note about the cause, or remove it."""
        asked = await body_of(Note, request)
        await self._desk.set_note((await self._details(request)).cause.fingerprint, asked.note, actor_of(request))
        return await self.get(request)

    @described(Operation({200: _CAUSE}, body=Ours))
    async def set_ours(self, request: web.Request) -> web.Response:
        """Mark the failures as the platform's fault, or as the shops' again."""
        asked = await body_of(Ours, request)
        await self._desk.set_ours((await self._details(request)).cause.fingerprint, actor_of(request), is_ours=asked.is_ours)
        return await self.get(request)

    async def _details(self, request: web.Request) -> CauseDetails:
        fingerprint = unquote(request.match_info["fingerprint"])
        found = await self._desk.details(fingerprint) if len(fingerprint) <= _CHARACTERS and fingerprint.isprintable() else None
        if found is None:
            raise Problem(404, "no image failed by this cause; GET /v1/causes lists those there are")
        return found


def cause_json(cause: Cause, now: datetime, blame: Blame) -> dict[str, Any]:
    """Return a cause as a JSON object; times in UTC. `suspected` says why its failures are suspected to be ours, null if they are not."""
    code, mark = cause.known_code, cause.mark
    suspicion = blame.suspicion_of(cause.code)
    return {
        "fingerprint": cause.fingerprint,
        "code": cause.code,
        "host": cause.host,
        "status": status_of(cause, now).value,
        "images": cause.images,
        "shops": cause.shops,
        "first_at": time_text(cause.first_at),
        "last_at": time_text(cause.last_at),
        "judged_by": cause.judged_by,
        "sentence": None if code is None else code.sentence,
        "is_ours": mark.is_ours,
        "suspected": None if suspicion is None or not suspicion.is_open else describe(suspicion),
        "resolved_at": time_text(mark.resolved_at),
        "resolved_in": mark.resolved_in,
        "ignored_until": time_text(mark.ignored_until),
        "note": None if mark.note is None else {"text": mark.note, "by": mark.note_by, "at": time_text(mark.note_at)},
    }


def details_json(details: CauseDetails, now: datetime, blame: Blame) -> dict[str, Any]:
    """Return one cause with all that is known of it as a JSON object; `curve` counts failures by hour, oldest first."""
    shops = [
        {
            "shop_no": shop.shop_no,
            "images": shop.images,
            "asked_by": shop.asked_by,
            "asked_at": time_text(shop.asked_at),
            "letter": letter_to_shop(details.cause, shop.images, is_ours=blame.is_ours_now(details.cause.fingerprint)),
        }
        for shop in details.shops
    ]
    return {
        **cause_json(details.cause, now, blame),
        "shops_most_hit": shops,
        "curve": list(details.curve),
        "examples": [{"shop_no": shop_no, "image_id": image_id.decode()} for shop_no, image_id in details.examples],
    }
