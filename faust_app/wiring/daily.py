"""Assembles the daily jobs, for workers, which run them when due, and for the command line."""

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.growth import MariaTableSizes
from faust_app.adapters.mariadb.history_months import MariaHistoryMonths
from faust_app.adapters.mariadb.job_runs import MariaJobRuns
from faust_app.adapters.mariadb.open_images import MariaOpenImages
from faust_app.adapters.mariadb.retention import MariaOldRows
from faust_app.core.alerts.text import Place
from faust_app.core.maintenance.daily_report import DAILY_CHECK
from faust_app.core.maintenance.retention import LIMITS
from faust_app.flows.maintenance.daily_check import DailyCheck
from faust_app.flows.maintenance.daily_job import Daily, OnceADay
from faust_app.flows.maintenance.retention import KeepLimits
from faust_app.flows.ports.kafka import ConsumerOffsets
from faust_app.metrics import Metrics
from faust_app.settings import Settings


def daily_check(settings: Settings, database: Database, offsets: ConsumerOffsets) -> DailyCheck:
    """Return the daily check."""
    place = Place(settings.zone, settings.web_public_url)
    has_messenger = settings.alert_webhook_url is not None
    return DailyCheck(MariaOpenImages(database), offsets, place, has_messenger=has_messenger, all_well=settings.daily_all_well)


def daily_check_job(settings: Settings, database: Database, offsets: ConsumerOffsets, metrics: Metrics, *, holder: str) -> OnceADay:
    """Return the daily check as a job held by `holder`."""
    body = daily_check(settings, database, offsets).run
    return OnceADay(DAILY_CHECK, body, MariaJobRuns(database), _daily(settings, holder), metrics)


def limits_job(settings: Settings, database: Database, metrics: Metrics, *, holder: str) -> OnceADay:
    """Return the deletion of old rows as a job held by `holder`."""
    limits = KeepLimits(MariaHistoryMonths(database), MariaOldRows(database), MariaTableSizes(database), metrics)
    return OnceADay(LIMITS, limits.run, MariaJobRuns(database), _daily(settings, holder), metrics)


def _daily(settings: Settings, holder: str) -> Daily:
    return Daily(settings.zone, settings.daily_time, holder)
