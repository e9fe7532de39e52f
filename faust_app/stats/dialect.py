"""ClickHouse's HTTP dialect over the embedded engine, as far as `clickhouse-connect`, curl and ClickHouse's own clients need it.

https://clickhouse.com/docs/interfaces/http: a statement stands in the parameter `query`, in the body, or begins in the one and goes
on in the other; `param_<name>` are the values of `{name:Type}`; an error has ClickHouse's number in a header.
"""

import hmac
import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final

from aiohttp import web

from faust_app.stats.engine import Engine, QueryRefused
from faust_app.stats.reading import READING, only_reads

MAX_BODY: Final = 256 * 1024 * 1024
"""Bytes of an insert at most."""
_INSERT: Final = re.compile(rb"(?is)\s*(INSERT\s+INTO\s[^;]+?)\s+FORMAT\s+(\w+)[ \t]*;?[ \t]*(?:\r?\n|\Z)")
"""An INSERT whose data follows its FORMAT, from the next line on."""
_PARAMETER: Final = "param_"
_CODE_HEADER: Final = "X-ClickHouse-Exception-Code"
_NAME: Final = re.compile(r"\w{1,64}", re.ASCII)
_UNKNOWN_DATABASE: Final = 81
_AUTHENTICATION_FAILED: Final = 516
_CANNOT_PARSE: Final = 62
_READONLY: Final = 164


class DialectHandlers:
    """Answers statements on `/`. Each has to bring the password; one that writes has to be sent by POST, as ClickHouse has it."""

    def __init__(self, engine: Engine, password: str) -> None:
        self._engine = engine
        self._password = password

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_route("*", "/", self.run)
        router.add_get("/ping", self.ping)

    async def ping(self, _request: web.Request) -> web.Response:
        """Answer as ClickHouse does."""
        return web.Response(text="Ok.\n")

    async def run(self, request: web.Request) -> web.Response:
        """Run the statement of the request."""
        if not self._may(request):
            return _refusal(_AUTHENTICATION_FAILED, "the password of CLICKHOUSE_URL is wrong or missing", status=403)
        # ClickHouse reads the parameter and the body as one text.
        text = b"\n".join(filter(None, (request.query.get("query", "").encode(), await request.read())))
        insert, database = _INSERT.match(text), request.query.get("database", "default")
        if not _NAME.fullmatch(database):
            return _refusal(_UNKNOWN_DATABASE, "a database is named by letters, digits and underscores")
        try:
            if request.method != "POST" and not only_reads(text.decode()):
                return _refusal(
                    _READONLY, f"only one statement that reads ({', '.join(READING)}) runs by {request.method}; send it by POST"
                )
            if insert is not None:
                written = await self._engine.insert(insert[1].decode(), insert[2].decode(), text[insert.end() :], database)
                return web.Response(headers={"X-ClickHouse-Summary": f'{{"written_rows":"{written}"}}'})
            parameters = {name.removeprefix(_PARAMETER): value for name, value in request.query.items() if name.startswith(_PARAMETER)}
            return web.Response(body=await self._engine.query(text.decode(), parameters, database), content_type="text/plain")
        except UnicodeError:
            return _refusal(_CANNOT_PARSE, "a statement is text in UTF-8")
        except QueryRefused as refused:
            return _refusal(refused.code, str(refused))

    def _may(self, request: web.Request) -> bool:
        given = request.headers.get("X-ClickHouse-Key") or request.query.get("password") or _basic(request.headers.get("Authorization", ""))
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._password.encode())


def _basic(header: str) -> str:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return b64decode(value, validate=True).decode().partition(":")[2]
    except (Base64Error, UnicodeDecodeError):
        return ""


def _refusal(code: int, message: str, *, status: int = 500) -> web.Response:
    text = message if message.startswith("Code:") else f"Code: {code}. DB::Exception: {message}"
    return web.Response(status=status, text=f"{text}\n", headers={_CODE_HEADER: str(code)})
