"""The pages of shops, and who is let in."""

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.report_sessions import MariaReportSessions
from faust_app.flows.reports.enter import ReportAccess
from faust_app.settings import Settings


def report_access(settings: Settings, database: Database) -> ReportAccess:
    """Return what lets the people of shops in."""
    secret = settings.report_link_secret
    return ReportAccess(MariaReportSessions(database), secret.get_secret_value() if secret else None, clock=database)
