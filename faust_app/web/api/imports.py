"""What a shop sent, for machines: its imports, what the entry points refused of it, and a file compared with what is shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from faust_app.core.imports.catalogue import CatalogueError, Format
from faust_app.core.imports.comparison import ComparedImage
from faust_app.core.imports.drain import Drain
from faust_app.core.imports.run import ImportRun
from faust_app.core.messages.rejection import ImportLine, KeptRejection, RejectedRecord
from faust_app.flows.imports.compare import compared_images
from faust_app.flows.imports.time_left import TimeLeft
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.imports import Catalogue, ImportRuns
from faust_app.flows.ports.rejections import Rejections
from faust_app.web.api.images import time_text
from faust_app.web.contract.answers.imports import ComparedAnswer, ImportAnswer, ImportPage, RejectionPage
from faust_app.web.contract.bodies import NDJSON, SHOP_SEGMENT, invalid, query_of, shop_no_of
from faust_app.web.contract.operation import Answered, Operation, Parameter, described
from faust_app.web.contract.parameters import AFTER, BEFORE, LIMIT
from faust_app.web.problems import Problem
from faust_app.web.uploads import FORMATS, format_of, received_body

_PAGE: Final = 100
_LINES_AT_ONCE: Final = 500


_FORMAT: Final = Parameter("format", format_of, {"type": "string", "enum": list(FORMATS)}, "The format of the file.", required=True)
_FILE: Final = {"application/octet-stream": {"type": "string", "description": "The file, at most 32 MiB."}}
_COMPARED: Final = {200: Answered("A JSON object a line.", ComparedAnswer, content_type=NDJSON)}
CatalogueOf = Callable[[Path, Format, int], Catalogue]
"""Returns the catalogue in a file of this format, of this shop."""


class ImportHandlers:
    """Handlers of imports, rejections and comparisons."""

    def __init__(
        self, imports: ImportRuns, rejections: Rejections, repository: ImageRepository, catalogue_of: CatalogueOf, time_left: TimeLeft
    ) -> None:  # fmt: skip
        self._imports = imports
        self._rejections = rejections
        self._repository = repository
        self._catalogue_of = catalogue_of
        self._time_left = time_left

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/shops/{shop_no}/imports", self.list)
        router.add_get("/v1/shops/{shop_no}/imports/{number:[0-9]{1,15}}", self.one)
        router.add_get("/v1/shops/{shop_no}/imports/{number:[0-9]{1,15}}/rejections", self.rejected_lines)
        router.add_get("/v1/shops/{shop_no}/rejections", self.rejected)
        router.add_post("/v1/shops/{shop_no}/compare", self.compare)

    @described(Operation({200: Answered("A page of imports.", ImportPage)}, query=(BEFORE, LIMIT)))
    async def list(self, request: web.Request) -> web.Response:
        """Return the imports of the shop, newest first; `next` continues the list, null at its end."""
        asked = query_of(request, (BEFORE, LIMIT))
        limit = asked.get("limit", _PAGE)
        runs = await self._imports.of_shop(shop_no_of(request), asked.get("before"), limit)
        return web.json_response({"imports": [run_json(run) for run in runs], "next": runs[-1].number if len(runs) == limit else None})

    @described(Operation({200: Answered("The import.", ImportAnswer)}))
    async def one(self, request: web.Request) -> web.Response:
        """Return one import, with how long its images will still take."""
        query_of(request)
        run = await import_of(request, self._imports)
        return web.json_response(run_json(run, await self._time_left.of(run)))

    @described(Operation({200: Answered("A page of rejected lines.", RejectionPage)}, query=(AFTER, LIMIT)))
    async def rejected_lines(self, request: web.Request) -> web.Response:
        """Return the lines of an import that were rejected, in the order of the file."""
        asked = query_of(request, (AFTER, LIMIT))
        limit = asked.get("limit", _PAGE)
        kept = await self._rejections.of_import((await import_of(request, self._imports)).number, asked.get("after", 0), limit)
        return web.json_response(rejections_json(kept, limit))

    @described(Operation({200: Answered("A page of rejections.", RejectionPage)}, query=(BEFORE, LIMIT)))
    async def rejected(self, request: web.Request) -> web.Response:
        """Return what the entry points refused of the shop, newest first."""
        asked = query_of(request, (BEFORE, LIMIT))
        limit = asked.get("limit", _PAGE)
        kept = await self._rejections.of_shop(shop_no_of(request), asked.get("before"), limit)
        return web.json_response(rejections_json(kept, limit))

    @described(Operation(_COMPARED, query=(_FORMAT,), bodies=_FILE))
    async def compare(self, request: web.Request) -> web.StreamResponse:
        """Compare the file in the body with what is shown: a JSON object a line, for each image in the order of the file."""
        asked = query_of(request, (_FORMAT,))
        async with received_body(request) as path:
            images = compared_images(self._catalogue_of(path, asked["format"], shop_no_of(request)), self._repository)
            try:
                first = await anext(images, None)
            except CatalogueError as error:
                raise invalid([("body", str(error))]) from error
            response = web.StreamResponse(headers={"Content-Type": NDJSON, "Cache-Control": "no-store"})
            await response.prepare(request)
            lines = [] if first is None else [compared_json(first)]
            try:
                async for image in images:
                    lines.append(compared_json(image))
                    if len(lines) == _LINES_AT_ONCE:
                        await response.write(_lines(lines))
                        lines = []
            except CatalogueError as error:
                lines.append({"error": str(error)})
            await response.write(_lines(lines))
            await response.write_eof()
            return response


async def import_of(request: web.Request, imports: ImportRuns, segment: int = SHOP_SEGMENT) -> ImportRun:
    """Return the import that the path names, of the shop at this segment of it. Raises Problem."""
    shop_no = shop_no_of(request, segment)
    run = await imports.get(int(request.match_info["number"]))
    if run is None or run.file.shop_no != shop_no:
        raise Problem(404, f"shop {shop_no} has no import of this number")
    return run


def run_json(run: ImportRun, drain: Drain | None = None) -> dict[str, Any]:
    """Return an import as JSON; a list says nothing of how far the images are."""
    counts = run.counts
    return {
        "import": run.number,
        "status": run.status.value,
        "file": {
            "name": run.file.name,
            "bytes": run.file.size,
            "sha256": run.file.sha256.hex(),
            "format": run.file.file_format,
            "refetch": run.file.refetch,
        },
        "read_bytes": counts.read,
        "accepted": counts.accepted,
        "unchanged": counts.unchanged,
        "superseded": counts.superseded,
        "rejected": counts.rejected,
        "started_by": run.started_by,
        "release": run.release,
        "started_at": time_text(run.started_at),
        "updated_at": time_text(run.updated_at),
        "ended_at": time_text(run.ended_at),
        "problem": run.problem,
        "images": None if drain is None else _drain_json(drain),
    }


def _drain_json(drain: Drain) -> dict[str, Any]:
    return {
        "done": drain.done,
        "left": drain.left,
        "per_s": None if drain.per_second is None else round(drain.per_second, 2),
        "seconds_left": None if drain.seconds is None else round(drain.seconds),
        "limit": None if drain.limit is None else drain.limit.value,
        "host": drain.host,
    }


def compared_json(image: ComparedImage) -> dict[str, Any]:
    """Return an image of a file as JSON."""
    return {
        "line": image.line,
        "image_id": image.image_id,
        "source_url": image.source_url,
        "standing": image.standing.value.replace(" ", "_"),
        "reason": image.reason,
        "at": time_text(image.at),
    }


def rejections_json(kept: list[KeptRejection], limit: int) -> dict[str, Any]:
    """Return a page of rejections as JSON."""
    return {"rejections": [_rejection(each) for each in kept], "next": kept[-1].number if len(kept) == limit else None}


def _rejection(kept: KeptRejection) -> dict[str, Any]:
    told, place = kept.rejection, kept.rejection.place
    where: dict[str, Any] = {}
    if isinstance(place, ImportLine):
        where = {"import": place.run, "line": place.line}
    elif isinstance(place, RejectedRecord):
        where = {"topic": place.topic, "partition": place.partition, "offset": place.offset, "bytes": place.size}
    named = {"sender": told.sender, "image_id": told.image_id, "field": told.field, "reason": told.reason}
    return {"number": kept.number, "at": time_text(kept.at), "entry_point": told.entry_point.value, **named, **where}


def _lines(lines: "list[dict[str, Any]]") -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()
