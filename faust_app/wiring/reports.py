"""The pages of the shops, assembled on whatever reads the figures and their lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageSearch
from faust_app.flows.ports.sources import SlowSources
from faust_app.flows.ports.statistics import Ledger, Reports
from faust_app.flows.statistics.shop_report import ReadReport
from faust_app.web.admin.pages import Page
from faust_app.web.admin.static import StaticFiles
from faust_app.web.reports.figures.handlers import ReportHandlers
from faust_app.web.reports.figures.images import ImageListPages
from faust_app.web.reports.figures.pages import Exists, FigurePages, ReadStanding
from faust_app.web.reports.figures.platform import PlatformPages
from faust_app.web.reports.frame import ReportFrame
from faust_app.wiring.common import utc_now


@dataclass(frozen=True, slots=True)
class ReportPages:
    """The pages and their frame, which `protect` needs to show their errors in it."""

    frame: ReportFrame
    pages: Sequence[Page]

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        for page in self.pages:
            page.register(router)


def report_pages(
    reports: Reports,
    ledger: Ledger,
    search: ImageSearch,
    static: StaticFiles,
    slow: SlowSources,
    *,
    standing: ReadStanding,
    clock: Clock,
    zone: ZoneInfo,
    close_day: int,
    ancestors: Sequence[str] = (),
    now: Callable[[], datetime] = utc_now,
) -> ReportPages:
    """Return the pages of the figures; a month is closed on the `close_day`-th day after its end.

    `standing` returns how the pictures of a shop stand, `static` are the files that the operator's pages serve; `ancestors` are
    the origins whose pages may show these in a frame.
    """
    frame = ReportFrame(static, zone, now, ancestors=ancestors)
    read, exists = ReadReport(reports, zone=zone, now=now, close_day=close_day), shop_exists(search)
    pages = (
        PlatformPages(frame, read, slow, clock=clock),
        FigurePages(frame, read, exists=exists, standing=standing),
        ImageListPages(frame, read, ledger),
        ReportHandlers(read, exists=exists),
    )
    return ReportPages(frame, pages)


def shop_exists(search: ImageSearch) -> Exists:
    """Return what finds whether a shop has ever sent a request: its first image is a lookup by key."""

    async def exists(shop_no: int) -> bool:
        return bool(await search.of_shop(shop_no, state=None, product_id=None, after=b"", limit=1))

    return exists
