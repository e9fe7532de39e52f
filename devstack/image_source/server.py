"""The addresses of the image source and their answers.

| address                                       | answer                                                             |
|-----------------------------------------------|--------------------------------------------------------------------|
| `/pictures/{name}.{jpg,png,gif,webp,avif}`    | a picture; `bytes`, `v` choose it; 404 if the name starts `missing` |
| `/flat/{n}`                                   | a JPEG of `bytes` with a comment of its own, at almost no CPU       |
| `/broken/truncated/{name}.{kind}`             | half a picture, the answer itself complete                          |
| `/broken/short/{name}.{kind}`                 | the connection ends in the middle of a picture                      |
| `/broken/html/{name}.{kind}`                  | a page with status 200                                              |
| `/status/{code}` and anything below it        | that status; `retry_after` becomes the header of that name          |
| `/failures/{code}`                            | what causes that failure code; `/failures/` lists them             |
| `/flaky/{times}/{n}`                          | `status` (503) that many times, then as `/flat/{n}`                 |
| `/crowded/{limit}/{n}`                        | as `/flat/{n}`, slower once `limit` requests of its host are under way |
| `/redirect/{n}/{path}`                        | n redirects, then `/path` of this server                            |
| `/requests`                                   | the counts of requests, as JSON; DELETE resets them                 |

A crowded host answers after `quick` (200) milliseconds, and after `slow` (2000) to whom it finds `limit` others before. `ms` delays any
answer by that many milliseconds. HEAD, If-None-Match and If-Modified-Since work for pictures.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from devstack.image_source import failures
from devstack.image_source.elsewhere import FREE_PORTS, Elsewhere, taken
from devstack.image_source.gallery import Gallery, Wanted
from devstack.image_source.pictures import CONTENT_TYPES, flat_picture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DEFAULT_BYTES = 120_000
FIRST_MODIFIED = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class Count:
    """Requests of an address, bodies sent whole, and their bytes in all."""

    requests: int = 0
    transfers: int = 0
    bytes: int = 0


GALLERY = web.AppKey("GALLERY", Gallery)
COUNTS = web.AppKey("COUNTS", defaultdict[str, Count])
UNDER_WAY = web.AppKey("UNDER_WAY", Counter[str])


def create_application(elsewhere: Elsewhere = FREE_PORTS) -> web.Application:
    """Return the image source as an aiohttp application, which takes the ports beside its own while it runs."""
    application = web.Application(middlewares=[delayed, counted])
    application[GALLERY] = Gallery()
    application[COUNTS] = defaultdict(Count)
    application[UNDER_WAY] = Counter()
    application.cleanup_ctx.append(taken(elsewhere))
    application.router.add_get("/pictures/{name}.{kind}", serve_picture)
    application.router.add_get("/flat/{number:\\d+}", serve_flat)
    application.router.add_get("/broken/truncated/{name}.{kind}", serve_truncated)
    application.router.add_get("/broken/short/{name}.{kind}", serve_short)
    application.router.add_get("/broken/html/{name}.{kind}", serve_page)
    application.router.add_route("*", "/status/{code:[2-5]\\d\\d}{below:(/.*)?}", serve_status)
    failures.register(application.router)
    application.router.add_get("/flaky/{times:\\d+}/{number:\\d+}", serve_flaky)
    application.router.add_get("/crowded/{limit:\\d+}/{number:\\d+}", serve_crowded)
    application.router.add_get("/redirect/{times:\\d+}/{path:.*}", serve_redirect)
    application.router.add_get("/requests", show_counts)
    application.router.add_delete("/requests", forget_counts)
    return application


@web.middleware
async def delayed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer after `ms` milliseconds."""
    if "ms" in request.query:
        await asyncio.sleep(_number(request, "ms", 0) / 1000)
    return await handler(request)


@web.middleware
async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every request except those for the counts."""
    if request.path == "/requests":
        return await handler(request)
    count = request.app[COUNTS][request.path]
    count.requests += 1
    response = await handler(request)
    if request.method == "GET" and response.status == web.HTTPOk.status_code:
        count.transfers += 1
        count.bytes += response.content_length or 0
    return response


async def serve_picture(request: web.Request) -> web.StreamResponse:
    """Answer with a picture, or with 304 when the client has it."""
    wanted = _wanted(request)
    if wanted.name.startswith("missing"):
        raise web.HTTPNotFound(text="no such picture\n")
    modified = FIRST_MODIFIED + timedelta(days=wanted.version)
    if _is_fresh(request, wanted.etag, modified):
        return _with_validators(web.Response(status=304), wanted.etag, modified)
    body = await request.app[GALLERY].picture(wanted)
    response = web.Response(body=body, content_type=CONTENT_TYPES[wanted.kind])
    return _with_validators(response, wanted.etag, modified)


async def serve_flat(request: web.Request) -> web.StreamResponse:
    """Answer with a JPEG that was generated once and differs only by its number."""
    number, size = int(request.match_info["number"]), _number(request, "bytes", DEFAULT_BYTES)
    etag = f"flat-{number}-{size}"
    if _is_fresh(request, etag, FIRST_MODIFIED):
        return _with_validators(web.Response(status=304), etag, FIRST_MODIFIED)
    response = web.Response(body=flat_picture(number, size), content_type="image/jpeg")
    return _with_validators(response, etag, FIRST_MODIFIED)


async def serve_truncated(request: web.Request) -> web.StreamResponse:
    """Send a complete answer with only the first half of a picture."""
    wanted = _wanted(request)
    body = await request.app[GALLERY].picture(wanted)
    return web.Response(body=body[: len(body) // 2], content_type=CONTENT_TYPES[wanted.kind])


async def serve_short(request: web.Request) -> web.StreamResponse:
    """Announce a whole picture and close the connection after half of it."""
    wanted = _wanted(request)
    body = await request.app[GALLERY].picture(wanted)
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPES[wanted.kind]})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def serve_page(_request: web.Request) -> web.StreamResponse:
    """Answer with an HTML page instead of a picture, as a shop's "not found" page often does."""
    return web.Response(text="<!doctype html><title>Shop</title><p>Nothing here.\n", content_type="text/html")


async def serve_status(request: web.Request) -> web.StreamResponse:
    """Answer with the status in the path."""
    headers = {"Retry-After": request.query["retry_after"]} if "retry_after" in request.query else {}
    return web.Response(status=int(request.match_info["code"]), headers=headers)


async def serve_flaky(request: web.Request) -> web.StreamResponse:
    """Answer the status, 503 by default, to the first requests, as many as the path says."""
    if request.app[COUNTS][request.path].requests <= int(request.match_info["times"]):
        return web.Response(status=int(request.query.get("status", "503")))
    return await serve_flat(request)


async def serve_crowded(request: web.Request) -> web.StreamResponse:
    """Answer quickly to as many requests at once as the path says, and slowly to those beyond; each host counts its own."""
    under_way = request.app[UNDER_WAY]
    is_beyond = under_way[request.host] >= int(request.match_info["limit"])
    under_way[request.host] += 1
    try:
        await asyncio.sleep((_number(request, "slow", 2000) if is_beyond else _number(request, "quick", 200)) / 1000)
    finally:
        under_way[request.host] -= 1
    return await serve_flat(request)


async def serve_redirect(request: web.Request) -> web.StreamResponse:
    """Redirect, with one redirect fewer left."""
    left, path = int(request.match_info["times"]) - 1, request.match_info["path"]
    query = f"?{request.query_string}" if request.query_string else ""
    raise web.HTTPFound(f"/redirect/{left}/{path}{query}" if left > 0 else f"/{path}{query}")


async def show_counts(request: web.Request) -> web.StreamResponse:
    """Answer with the counts by path, without queries, and their totals."""
    counts = request.app[COUNTS]
    paths = {path: asdict(count) for path, count in counts.items()}
    total = {key: sum(count[key] for count in paths.values()) for key in ("requests", "transfers", "bytes")}
    return web.json_response({"total": total, "paths": paths})


async def forget_counts(request: web.Request) -> web.StreamResponse:
    """Reset the counts."""
    request.app[COUNTS].clear()
    return web.Response(status=204)


def _wanted(request: web.Request) -> Wanted:
    kind = request.match_info["kind"].replace("jpeg", "jpg")
    if kind not in CONTENT_TYPES:
        raise web.HTTPNotFound(text=f"no pictures of this kind; there are {', '.join(CONTENT_TYPES)}\n")
    return Wanted(request.match_info["name"], kind, _number(request, "bytes", DEFAULT_BYTES), _number(request, "v", 1))


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 - a size, a time or a version, no more
        raise web.HTTPBadRequest(text=f"{name} must be a whole number, not {text!r}\n")
    return int(text)


def _is_fresh(request: web.Request, etag: str, modified: datetime) -> bool:
    """Return whether the client has this version; its ETag, where given, decides alone."""
    if request.if_none_match is not None:
        return any(tag.value in {etag, "*"} for tag in request.if_none_match)
    return request.if_modified_since is not None and modified <= request.if_modified_since


def _with_validators(response: web.Response, etag: str, modified: datetime) -> web.Response:
    response.etag = etag
    response.last_modified = modified
    return response
