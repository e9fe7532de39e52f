"""Stores, or at least sends, the final alert of a worker that ends itself, from a thread and over its own connections."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog

from faust_app.adapters.http.webhook import Webhook
from faust_app.adapters.mariadb.alert_counts import MariaFaults
from faust_app.adapters.mariadb.database import Database
from faust_app.core.alerts.alert import Alert, FaultKind, Notice, PlatformFault
from faust_app.core.alerts.decide import Chosen, Due
from faust_app.core.alerts.message import Form, new_webhook_id
from faust_app.core.alerts.text import Impact, Place, compose
from faust_app.core.failure import Unavailable
from faust_app.settings import Settings
from faust_app.wiring.common import utc_now

log = structlog.get_logger()

STORE_SECONDS: Final = 10.0
SEND_SECONDS: Final = 10.0


def send_final_alert(settings: Settings, process: str, reason: str) -> None:
    """Store the alert, or send it if it cannot be stored. Runs its own event loop, because the process's may be what is stuck."""
    fault = PlatformFault(FaultKind.WORKER_STALLED, process, reason)
    age = timedelta(seconds=settings.watchdog_after)
    asyncio.run(_store_or_send(settings, fault, age))


async def _store_or_send(settings: Settings, fault: PlatformFault, age: timedelta) -> None:
    try:
        async with asyncio.timeout(STORE_SECONDS), Database.connect(settings.database, 1) as database:
            await MariaFaults(database).open_fault(fault, age=age, told_ago=None)
    except (Unavailable, TimeoutError) as failure:
        log.warning("alert not stored", reason=str(failure) or type(failure).__name__)
    else:
        return
    if settings.alert_webhook_url is None:
        return
    try:
        async with asyncio.timeout(SEND_SECONDS), Webhook(settings) as messenger:
            now = utc_now()
            result = await messenger.send(new_webhook_id(), compose(*_told(fault, now - age, now), _place(settings), now))
            log.info("alert sent without the database", end=result.end)
    except TimeoutError:
        log.warning("alert not sent", reason=f"no answer within {SEND_SECONDS:.0f} s")


def _told(fault: PlatformFault, since: datetime, now: datetime) -> tuple[Chosen, dict[str, Impact]]:
    alert = Alert(fault.fingerprint, fault.kind.value, None, fault.kind.severity, 1, since, now, 1, fault.detail)
    return Chosen(Form.ALERT, (Due(alert, Notice.OPENED),)), {fault.fingerprint: Impact(workers=(fault.worker,))}


def _place(settings: Settings) -> Place:
    return Place(settings.zone, settings.web_public_url)
