"""The pages of shops, and who is let in."""

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.import_runs import MariaImportRuns
from faust_app.adapters.mariadb.mend_rows import MariaMendRows
from faust_app.adapters.mariadb.report_sessions import MariaReportSessions
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.flows.reports.enter import ReportAccess
from faust_app.flows.reports.mend import Mend
from faust_app.flows.republish.control import RepublishControl
from faust_app.settings import Settings
from faust_app.wiring.common import Parts


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
