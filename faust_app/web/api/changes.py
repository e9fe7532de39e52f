"""The feed of changes: every result in its order, by long poll."""

import asyncio
import json
from typing import Final, Never, assert_never

from aiohttp import web

from faust_app.core.messages.events import MAX_NUMBER
from faust_app.core.operators.access import Shops
from faust_app.core.results.body import record_value
from faust_app.core.results.cursor import LATEST, CursorProblem
from faust_app.flows.results.changes import Asked, ChangeFeed, Changes, Crowded, Expired
from faust_app.web.auth.rules import foreign_shop
from faust_app.web.auth.tokens import sender_of
from faust_app.web.contract.answers.changes import ChangesAnswer
from faust_app.web.contract.bodies import invalid, query_of
from faust_app.web.contract.operation import JSON, Answered, Operation, Parameter, described
from faust_app.web.contract.parameters import LIMIT, MAX_PAGE, number_of
from faust_app.web.problems import RETRY_AFTER_SECONDS, Problem

LONGEST_WAIT: Final = 30
"""Seconds; proxies give up after 60."""
TAKEN_WITHIN: Final = 60.0
"""Seconds a reader may need to take an answer; what it has not taken is in memory."""
_CURSOR_CHARACTERS: Final = 200
EXPIRED: Final = (
    "what follows this cursor is not known any more: it is too old, or the database was restored from a backup; take a new one with "
    "`after=latest`, then list the images with `GET /v1/shops/{shop_no}/images`, then go on from that cursor"
)


def _cursor(text: str) -> str:
    if not 1 <= len(text) <= _CURSOR_CHARACTERS:
        raise ValueError(CursorProblem.INVALID)
    return text


def _shop(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_NUMBER)) and 1 <= int(text) <= MAX_NUMBER):
        raise ValueError("must be a number from 1 to 2^53-1")
    return int(text)


def _wait(text: str) -> int:
    number = number_of(text)
    if number > LONGEST_WAIT:
        raise ValueError(f"must be a number from 0 to {LONGEST_WAIT}")
    return number


_QUERY: Final = (
    Parameter(
        "after", _cursor, {"type": "string", "minLength": 1, "maxLength": _CURSOR_CHARACTERS},
        f"The `next` of the answer before; `{LATEST}`: a cursor behind the newest result, and no items. Without it from the oldest.",
    ),
    Parameter("shop", _shop, {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER}, "Results of this shop only."),
    LIMIT,
    Parameter(
        "wait", _wait, {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT},
        f"Seconds to wait for a result where there is none yet; {LONGEST_WAIT} without it.",
    ),
)  # fmt: skip


class _Page(web.Response):
    """An answer whose reader counts until it has taken it, and is cut off where it takes too long."""

    def __init__(self, feed: ChangeFeed, request: web.Request, body: bytes) -> None:
        super().__init__(body=body, content_type=JSON, headers={"Cache-Control": "no-store"})
        self._feed = feed
        self._connection = request.transport

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body. Raises ConnectionResetError once the reader is cut off."""
        try:
            with self._feed.occupied():
                async with asyncio.timeout(TAKEN_WITHIN):
                    await super().write_eof(data)
        except TimeoutError:
            if self._connection is not None:
                self._connection.abort()  # to close it would wait for the reader
            raise ConnectionResetError("the reader did not take its answer in time") from None


class ChangesHandlers:
    """The handler of the feed; `public_base_url` is the address that the keys of objects are below."""

    def __init__(self, feed: ChangeFeed, public_base_url: str | None) -> None:
        self._feed = feed
        self._public_base_url = public_base_url

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get("/v1/changes", self.list)

    @described(
        Operation({200: Answered("Results, or none within the time.", ChangesAnswer)}, query=_QUERY, problems=(410,), waits=LONGEST_WAIT)
    )
    async def list(self, request: web.Request) -> web.Response:
        """Return what became of images, in order. Waits for a result where there is none yet."""
        asked = query_of(request, _QUERY)
        shops = _shops(request, asked.get("shop"))
        wanted = Asked(asked.get("after"), shops, asked.get("limit", MAX_PAGE), asked.get("wait", LONGEST_WAIT))
        answer = await self._feed.read(wanted, is_gone=lambda: request.transport is None or request.transport.is_closing())
        if isinstance(answer, Changes):
            return _Page(self._feed, request, self._body(answer))
        return _refuse(answer)

    def _body(self, changes: Changes) -> bytes:
        """Return the answer, joined of its items: no second form of a thousand of them is in memory."""
        items = b",".join(record_value(row, self._public_base_url) for row in changes.rows)
        rest = json.dumps({"next": changes.next, "more": changes.more})
        return b'{"items": [' + items + b"], " + rest[1:].encode()


def _shops(request: web.Request, shop: int | None) -> Shops:
    """Return the shops whose results are wanted. Raises Problem for a shop that the sender may not reach."""
    sender = sender_of(request)
    if shop is None:
        return sender.shops
    if not sender.reaches(shop):
        raise foreign_shop(sender)
    return frozenset({shop})


def _refuse(answer: CursorProblem | Expired | Crowded) -> Never:
    match answer:
        case CursorProblem():
            raise invalid([("after", answer.value)])
        case Expired():
            raise Problem(410, EXPIRED)
        case Crowded(readers):
            detail = f"this process serves {readers} readers of the feed at once (FEED_READERS); read again later, one reader a system"
            raise Problem(503, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        case _:
            assert_never(answer)
