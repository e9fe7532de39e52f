"""The final alert of a worker, with connections of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from faust_app.adapters.http.webhook import Webhook
from faust_app.adapters.mariadb.alert_counts import MariaFaults
from faust_app.adapters.mariadb.database import Database
from faust_app.core.text import Place
from faust_app.flows.alerts.final_alert import FinalAlert
from faust_app.settings import Settings
from faust_app.wiring.common import utc_now


def final_alert(settings: Settings, worker: str, place: Place) -> FinalAlert:
    """Return the final alert of the process called `worker`."""
    return FinalAlert(
        partial(_open_faults, settings),
        partial(Webhook, settings) if settings.alert_webhook_url is not None else None,
        worker=worker,
        place=place,
        age=timedelta(seconds=settings.watchdog_after),
        now=utc_now,
    )


@asynccontextmanager
async def _open_faults(settings: Settings) -> AsyncIterator[MariaFaults]:
    async with Database.connect(settings.database, 1) as database:
        yield MariaFaults(database)
