"""Accounts, sessions and the pages behind them, for web and the command line."""

from collections.abc import Callable, Sequence

from faust_app.adapters.argon2.passwords import Argon2Passwords
from faust_app.adapters.mariadb.accounts import MariaAccounts
from faust_app.adapters.mariadb.audit import MariaAuditLog
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.sessions import MariaLogInFailures, MariaSessions
from faust_app.core.operators.audit import Actor
from faust_app.core.operators.remote import parse_proxies
from faust_app.flows.operators.accounts import AccountControl
from faust_app.flows.operators.log_in import LogIn
from faust_app.flows.reports.enter import ReportAccess
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.web.admin.access.log_in import ONE_TIME
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.pages import AdminPages, Page
from faust_app.web.auth.entrance import Entrance
from faust_app.web.auth.rate_limits import RateLimits
from faust_app.web.auth.token_book import TokenBook
from faust_app.web.auth.tokens import Authentication
from faust_app.wiring.common import utc_now


def account_control(database: Database, actor: Actor) -> AccountControl:
    """Return what changes accounts."""
    return AccountControl(MariaAccounts(database), MariaSessions(database), Argon2Passwords(), actor, clock=database)


def log_in_flow(database: Database, metrics: Metrics) -> LogIn:
    """Return what opens and recognises sessions."""
    accounts, sessions, failures = MariaAccounts(database), MariaSessions(database), MariaLogInFailures(database)
    return LogIn(accounts, sessions, failures, Argon2Passwords(), metrics, clock=database)


def entrance_of(settings: Settings) -> Entrance:
    """Return how browsers reach the web process."""
    return Entrance(settings.web_public_url, parse_proxies(settings.trusted_proxies or ""))


def web_address(settings: Settings) -> str:
    """Return the address under which people reach the web process."""
    return settings.web_public_url or f"http://{settings.listening.place}"


def one_time_address(settings: Settings, code: str) -> str:
    """Return the address that logs in once. The code stands behind `#`: browsers keep that part, and no proxy logs it."""
    return f"{web_address(settings)}{ONE_TIME}#{code}"


def admin_pages(
    settings: Settings,
    database: Database,
    metrics: Metrics,
    tokens: TokenBook,
    *,
    limits: RateLimits,
    reports: ReportAccess,
    operate: Callable[[Frame], Sequence[Page]],
) -> AdminPages:
    """Return the operator's pages, with the authentication that protects the whole process; `operate` makes those about images."""
    log_in, entrance = log_in_flow(database, metrics), entrance_of(settings)
    authentication = Authentication(tokens, log_in.identify, entrance, limits, identify_visit=reports.identify)
    return AdminPages(
        log_in=log_in,
        accounts=MariaAccounts(database),
        sessions=MariaSessions(database),
        audit=MariaAuditLog(database),
        entrance=entrance,
        authentication=authentication,
        zone=settings.zone,
        clock=database,
        now=utc_now,
        operate=operate,
    )
