"""Who is let into the pages of shops, what shops can mend, and the pages of both."""

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.import_runs import MariaImportRuns
from faust_app.adapters.mariadb.mend_rows import MariaMendRows
from faust_app.adapters.mariadb.report_sessions import MariaReportSessions
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.adapters.mariadb.test_fetches import MariaTestFetches
from faust_app.flows.ports.clock import Clock
from faust_app.flows.reports.enter import ReportAccess
from faust_app.flows.reports.mend import Mend
from faust_app.flows.reports.test_fetch import AskTestFetch
from faust_app.flows.republish.control import RepublishControl
from faust_app.settings import Settings
from faust_app.web.admin.pages import Page
from faust_app.web.reports.enter import EnterPages
from faust_app.web.reports.frame import ReportFrame
from faust_app.web.reports.let_us_in import LetUsInPage
from faust_app.web.reports.mend.lists import MendLists
from faust_app.web.reports.mend.overview import MendPage
from faust_app.web.reports.mend.picture import PicturePage
from faust_app.web.reports.mend.test_address import TestAddressPage
from faust_app.wiring.common import Parts
from faust_app.wiring.operators import entrance_of


def report_access(settings: Settings, database: Database) -> ReportAccess:
    """Return what lets the people of shops in."""
    secret = settings.report_link_secret
    return ReportAccess(MariaReportSessions(database), secret.get_secret_value() if secret else None, clock=database)


def mend_flow(parts: Parts, control: RepublishControl) -> Mend:
    """Return what shows a shop its failed images, and has them tried again."""
    database = parts.database
    return Mend(
        MariaMendRows(database), parts.repository, imports=MariaImportRuns(database), sources=parts.source_records,
        suspicions=MariaSuspicions(database), control=control, clock=database,
    )  # fmt: skip


def ask_test_fetch(database: Database) -> AskTestFetch:
    """Return what has addresses tested by workers."""
    return AskTestFetch(MariaTestFetches(database), clock=database)


def shop_pages(
    settings: Settings, frame: ReportFrame, access: ReportAccess, mend: Mend, tests: AskTestFetch, *, clock: Clock
) -> tuple[Page, ...]:
    """Return the pages of shops beside those of the figures."""
    return (
        EnterPages(frame, access, entrance_of(settings), embeds=settings.report_embed_origins is not None),
        MendPage(frame, mend),
        MendLists(frame, mend),
        PicturePage(frame, mend),
        TestAddressPage(frame, tests, clock=clock),
        LetUsInPage(frame, agent=settings.user_agent, addresses=settings.shown_egress, contact=settings.contact_url),
    )
