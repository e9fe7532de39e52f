"""`/admin/republish/{number}/images`: the images of a run that ended in one way, or are left out for one reason."""

from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from faust_app.core.images.row import ImageKey
from faust_app.core.republish.items import ItemStatus
from faust_app.core.republish.report import WORDS
from faust_app.core.republish.run import Run
from faust_app.flows.ports.republish import RepublishRuns
from faust_app.web.admin.forms import number_of, refuse_unknown
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.operate.republish_run import ONE, no_such_run, run_number
from faust_app.web.csv_response import csv_response
from faust_app.web.pages.render import path_of
from faust_app.web.problems import Problem

_ITEMS: Final = 100
_EXPORTED_AT_ONCE: Final = 1000
_COLUMNS: Final = ("shop_no", "image_id", "outcome", "former_state", "former_code", "code", "planned_version", "version")


class RunImagePages:
    """Serves the list, and every image of a run as CSV."""

    def __init__(self, frame: Frame, runs: RepublishRuns) -> None:
        self._frame = frame
        self._runs = runs

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(ONE + "/images", self.images)
        router.add_get(ONE + "/images.csv", self.file)

    async def images(self, request: web.Request) -> web.Response:
        """Show the images of one status, by shop and id."""
        refuse_unknown(request, "status", "shop", "after")
        run, text = await self._run(request), request.query.get("status", "")
        if text not in set(ItemStatus):
            raise Problem(400, "status must be one of those on the page of the run", errors=[("status", "is not known")])
        status, after = ItemStatus(text), _after(request)
        items = await self._runs.items(run.number, status, after, _ITEMS)
        older = None
        if len(items) == _ITEMS:
            key = items[-1].key
            older = f"{request.path}?{urlencode({'status': text, 'shop': key[0], 'after': key[1]})}"
        total = (await self._runs.counts(run.number))[status]
        return self._frame.page(
            request, "admin/republish_images.html", run=run, words=WORDS, which=status, total=total, older=older, after=after,
            rows=[(item, item.key[1].decode(), path_of(*item.key)) for item in items], newest=f"{request.path}?status={text}",
        )  # fmt: skip

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Return what became of every image of the run as CSV."""
        refuse_unknown(request)
        run = await self._run(request)
        return await csv_response(request, f"outcome-of-run-{run.number}", _COLUMNS, self._all(run))

    async def _all(self, run: Run) -> AsyncIterator[Sequence[object]]:
        for status in ItemStatus:
            after: ImageKey | None = None
            while items := await self._runs.items(run.number, status, after, _EXPORTED_AT_ONCE):
                for item in items:
                    former = (item.former_state.value, item.former_code)
                    yield (*item.key, WORDS[status], *former, item.code, item.version, item.new_version)
                after = items[-1].key

    async def _run(self, request: web.Request) -> Run:
        found = await self._runs.get(run_number(request))
        if found is None:
            raise no_such_run()
        return found


def _after(request: web.Request) -> ImageKey | None:
    shop = number_of(request.query.get("shop"), "shop")
    return None if shop is None else (shop, request.query.get("after", "").encode("utf-8", "replace"))
