"""What a shop sent: its imports, what the entry points refused of it, and a file compared with what is shown."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from faust_app.core.imports.catalogue import CatalogueError, Format
from faust_app.core.imports.comparison import COLUMNS, Compared, ComparedImage
from faust_app.core.messages.rejection import ImportLine, KeptRejection, RejectedRecord
from faust_app.flows.imports.compare import compared_images
from faust_app.flows.imports.time_left import TimeLeft
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.imports import Catalogue, ImportRuns
from faust_app.flows.ports.rejections import Rejections
from faust_app.web.admin.forms import number_of, refuse_unknown
from faust_app.web.admin.frame import Frame
from faust_app.web.api.imports import CatalogueOf, import_of
from faust_app.web.contract.bodies import shop_no_of
from faust_app.web.csv_response import csv_response
from faust_app.web.pages import fairness_words
from faust_app.web.pages.render import path_of
from faust_app.web.problems import Problem
from faust_app.web.uploads import FORMATS, Upload, format_of, received_form

SHOP: Final = "/admin/shops/{shop_no}"
_SEGMENT: Final = 3
_PAGE: Final = 100
_EXPORTED_AT_ONCE: Final = 500
_LISTED: Final = 200
"""Images of a comparison that the page lists; the CSV file has all."""
_REJECTION_COLUMNS: Final = ("at", "entry_point", "sender", "image_id", "field", "reason", "import", "line", "topic", "partition", "offset")
TONES: Final = {
    Compared.SHOWN: "ok", Compared.UNDER_WAY: "warn", Compared.OLD_SHOWN: "bad", Compared.FAILED: "bad", Compared.REJECTED: "bad",
    Compared.NEVER_RECEIVED: "bad", Compared.DELETED: "plain",
}  # fmt: skip


@dataclass(slots=True)
class Comparison:
    """A file compared with what is shown: counts, and those that are not shown, up to `_LISTED`."""

    name: str
    counts: Counter[Compared] = field(default_factory=Counter)
    listed: list[ComparedImage] = field(default_factory=list)

    @property
    def images(self) -> int:
        """Images and lines of the file."""
        return self.counts.total()

    @property
    def unlisted(self) -> int:
        """Images that are not shown and do not stand in the list."""
        return self.images - self.counts[Compared.SHOWN] - len(self.listed)


class ImportPages:
    """Serves one import, the rejections of a shop, and comparisons."""

    def __init__(
        self,
        frame: Frame,
        imports: ImportRuns,
        rejections: Rejections,
        repository: ImageRepository,
        catalogue_of: CatalogueOf,
        *,
        time_left: TimeLeft,
        clock: Clock,
    ) -> None:
        self._frame = frame
        self._imports = imports
        self._rejections = rejections
        self._repository = repository
        self._catalogue_of = catalogue_of
        self._time_left = time_left
        self._clock = clock

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(SHOP + "/imports", self.list)
        router.add_get(SHOP + "/imports/{number:[0-9]{1,15}}", self.one)
        router.add_get(SHOP + "/imports/{number:[0-9]{1,15}}/rejected.csv", self.one_csv)
        router.add_get(SHOP + "/rejections", self.rejected)
        router.add_get(SHOP + "/rejections.csv", self.rejected_csv)
        router.add_get(SHOP + "/compare", self.choose)
        router.add_post(SHOP + "/compare", self.compare)

    async def list(self, request: web.Request) -> web.Response:
        """Show the imports of a shop, newest first."""
        refuse_unknown(request, "before")
        shop_no, before = shop_no_of(request, _SEGMENT), number_of(request.query.get("before"), "before")
        runs = await self._imports.of_shop(shop_no, before, _PAGE)
        older = f"{request.path}?before={runs[-1].number}" if len(runs) == _PAGE else None
        return self._frame.page(
            request, "admin/imports.html", shop_no=shop_no, imports=runs, older=older, newest=request.path, before=before,
            at=await self._clock.now(),
        )  # fmt: skip

    async def one(self, request: web.Request) -> web.Response:
        """Show one import with the lines that were rejected."""
        refuse_unknown(request, "after")
        run, after = await import_of(request, self._imports, _SEGMENT), number_of(request.query.get("after"), "after")
        rejected = await self._rejections.of_import(run.number, after or 0, _PAGE)
        older = f"{request.path}?after={rejected[-1].number}" if len(rejected) == _PAGE else None
        return self._frame.page(
            request, "admin/import.html", shop_no=run.file.shop_no, run=run, rejected=rejected, drain=await self._time_left.of(run),
            words=fairness_words,
            older=older, newest=request.path, before=after, at=await self._clock.now(),
        )  # fmt: skip

    async def one_csv(self, request: web.Request) -> web.StreamResponse:
        """Return the rejected lines of an import as CSV."""
        refuse_unknown(request)
        run = await import_of(request, self._imports, _SEGMENT)
        return await csv_response(request, f"rejected-of-import-{run.number}", _REJECTION_COLUMNS, self._of_import(run.number))

    async def rejected(self, request: web.Request) -> web.Response:
        """Show what the entry points refused of a shop, newest first."""
        refuse_unknown(request, "before")
        shop_no, before = shop_no_of(request, _SEGMENT), number_of(request.query.get("before"), "before")
        rejected = await self._rejections.of_shop(shop_no, before, _PAGE)
        older = f"{request.path}?before={rejected[-1].number}" if len(rejected) == _PAGE else None
        return self._frame.page(
            request, "admin/rejections.html", shop_no=shop_no, rejected=[(each, place_text(each)) for each in rejected], older=older,
            newest=request.path, before=before,
        )  # fmt: skip

    async def rejected_csv(self, request: web.Request) -> web.StreamResponse:
        """Return what the entry points refused of a shop as CSV."""
        refuse_unknown(request)
        shop_no = shop_no_of(request, _SEGMENT)
        return await csv_response(request, f"rejections-of-shop-{shop_no}", _REJECTION_COLUMNS, self._of_shop(shop_no))

    async def choose(self, request: web.Request) -> web.Response:
        """Show the form that takes a file to compare."""
        refuse_unknown(request)
        return self._compare_page(request, shop_no_of(request, _SEGMENT))

    async def compare(self, request: web.Request) -> web.StreamResponse:
        """Compare a file with what is shown, as a page or as CSV; what is wrong with it is said beside the form."""
        shop_no = shop_no_of(request, _SEGMENT)
        try:
            async with received_form(request, "format", "as") as upload:
                catalogue = self._catalogue_of(upload.path, _format_of(upload), shop_no)
                if upload.fields["as"] == "csv":
                    rows = (image.cells async for image in compared_images(catalogue, self._repository))
                    return await csv_response(request, f"comparison-of-shop-{shop_no}", COLUMNS, rows)
                return self._compare_page(request, shop_no, result=await self._compared(catalogue, upload.name))
        except CatalogueError as error:
            return self._compare_page(request, shop_no, problem=str(error))
        except Problem as problem:
            if not problem.errors:
                raise
            return self._compare_page(request, shop_no, problem=problem.detail, status=problem.status)

    async def _compared(self, catalogue: Catalogue, name: str) -> Comparison:
        result = Comparison(name)
        async for image in compared_images(catalogue, self._repository):
            result.counts[image.standing] += 1
            if image.standing is not Compared.SHOWN and len(result.listed) < _LISTED:
                result.listed.append(image)
        return result

    def _compare_page(
        self, request: web.Request, shop_no: int, *, result: Comparison | None = None, problem: str | None = None, status: int = 200
    ) -> web.Response:  # fmt: skip
        if problem is not None and status == 200:  # noqa: PLR2004
            status = 400
        rows = []
        if result is not None:
            rows = [(each, path_of(shop_no, each.image_id.encode()) if each.image_id else None) for each in result.listed]
        return self._frame.page(
            request, "admin/compare.html", status=status, shop_no=shop_no, result=result, problem=problem, formats=FORMATS, rows=rows,
            tones=TONES, standings=[(standing, TONES[standing]) for standing in Compared],
        )  # fmt: skip

    async def _of_import(self, run: int) -> AsyncIterator[Sequence[object]]:
        after = 0
        while rejected := await self._rejections.of_import(run, after, _EXPORTED_AT_ONCE):
            for each in rejected:
                yield _cells(each)
            after = rejected[-1].number

    async def _of_shop(self, shop_no: int) -> AsyncIterator[Sequence[object]]:
        before: int | None = None
        while rejected := await self._rejections.of_shop(shop_no, before, _EXPORTED_AT_ONCE):
            for each in rejected:
                yield _cells(each)
            before = rejected[-1].number


def place_text(kept: KeptRejection) -> str:
    """Return where in the world a rejected request stood."""
    match kept.rejection.place:
        case ImportLine(run, line):
            return f"import {run}, line {line:,}"
        case RejectedRecord(topic, partition, offset):
            return f"{topic} {partition} @ {offset}"
        case _:
            return "HTTP"


def _cells(kept: KeptRejection) -> Sequence[object]:
    told, place = kept.rejection, kept.rejection.place
    line = (place.run, place.line) if isinstance(place, ImportLine) else (None, None)
    record = (place.topic, place.partition, place.offset) if isinstance(place, RejectedRecord) else (None, None, None)
    return (kept.at, told.entry_point.value, told.sender, told.image_id, told.field, told.reason, *line, *record)


def _format_of(upload: Upload) -> Format:
    try:
        return format_of(upload.fields["format"])
    except ValueError as error:
        raise Problem(400, f"the format {error}", errors=[("format", str(error))]) from error
