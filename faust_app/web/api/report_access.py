"""Lets the people of a shop into its pages, over HTTP: makes links, and ends what they opened."""

from datetime import datetime
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.iso_time import iso_time
from faust_app.core.reports.link import ONLY_VIEW, Right
from faust_app.flows.reports.enter import ReportAccess
from faust_app.web.auth.rules import ENTER
from faust_app.web.auth.tokens import actor_of, sender_of
from faust_app.web.contract.answers.mend import EndedSessions, MadeLinkAnswer
from faust_app.web.contract.bodies import body_of, no_body, query_of, shop_no_of
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.problems import Problem

OFF: Final = "links into the pages of shops are off; set REPORT_LINK_SECRET to at least 32 bytes and restart the web process"
_NO_STORE: Final = {"Cache-Control": "no-store"}


class LinkRequest(BaseModel):
    """What the holder of the link may do."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    rights: Annotated[tuple[Annotated[Right, Field(strict=False)], ...], Field(strict=False, min_length=1, max_length=2)] = Field(
        tuple(ONLY_VIEW),
        description="`view`, and `retry` for whoever may have failed images tried again; `retry` needs the scope `operate`.",
    )


class ReportAccessHandlers:
    """Handlers of links and sessions; `base` is the address under which people reach the web process."""

    def __init__(self, access: ReportAccess, base: str) -> None:
        self._access = access
        self._base = base

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_post("/v1/shops/{shop_no}/report-link", self.link)
        router.add_delete("/v1/shops/{shop_no}/report-sessions", self.revoke)

    @described(
        Operation(
            {201: Answered("The link. It lets one person in, once.", MadeLinkAnswer)}, body=LinkRequest, body_optional=True, problems=(409,)
        )
    )
    async def link(self, request: web.Request) -> web.Response:
        """Make a link into the shop's pages that works once, for five minutes."""
        query_of(request)
        shop_no = shop_no_of(request)
        asked = await body_of(LinkRequest, request, optional=True)
        sender = sender_of(request)
        if Right.RETRY in asked.rights and not sender.may("operate"):
            raise Problem(403, f"{sender.name} lacks the scope operate, which a link with the right `retry` needs")
        made = await self._access.make_link(shop_no, frozenset(asked.rights))
        if made is None:
            raise Problem(409, OFF)
        answer = {"url": link_address(self._base, made.link), "expires_at": _time(made.ends_at)}
        return web.json_response(answer, status=201, headers=_NO_STORE)

    @described(Operation({200: Answered("How many sessions were ended.", EndedSessions)}))
    async def revoke(self, request: web.Request) -> web.Response:
        """End every session that links of this shop opened."""
        query_of(request)
        shop_no = shop_no_of(request)
        await no_body(request)
        return web.json_response({"ended": await self._access.revoke_all(shop_no, actor_of(request))})


def link_address(base: str, link: str) -> str:
    """Return the address that a person opens; every character of a link may stand in a query as it is."""
    return f"{base}{ENTER}?link={link}"


def _time(at: datetime) -> str:
    return iso_time(at, "seconds")
