"""`shop-images alerts`: lists the open alerts, whether or not they were sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import click

from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.database import Database
from faust_app.cli.command import Report, json_option, print_report, run
from faust_app.core.alerts.alert import Alert
from faust_app.core.alerts.text import line_of
from faust_app.core.iso_time import iso_time
from faust_app.core.text import Place
from faust_app.settings import Settings

MAX_ALERTS: Final = 1000


@dataclass(frozen=True, slots=True)
class AlertsList:
    """The open alerts at one moment; times in UTC without a zone."""

    as_of: datetime
    place: Place
    alerts: list[Alert]

    def as_json(self) -> dict[str, object]:
        """Return the list as a JSON object."""
        return {"as_of": iso_time(self.as_of, "seconds"), "alerts": [_described(alert) for alert in self.alerts]}

    def lines(self) -> list[str]:
        """Return the list for people."""
        return [line_of(alert, self.place, self.as_of) for alert in self.alerts] or ["no alert is open"]


async def list_alerts(alerts: MariaAlertRepository, place: Place, now: datetime) -> AlertsList:
    """Read up to a thousand open alerts, platform alerts first, then by occurrences. Raises Unavailable."""
    return AlertsList(now, place, await alerts.open_alerts(MAX_ALERTS))


def _described(alert: Alert) -> dict[str, object]:
    return {
        "fingerprint": alert.fingerprint,
        "code": alert.code,
        "host": alert.host,
        "severity": alert.severity.value,
        "since": iso_time(alert.opened_at, "seconds"),
        "last_at": iso_time(alert.last_at, "seconds"),
        "count": alert.occurrences,
        "reported_at": None if alert.reported_at is None else iso_time(alert.reported_at, "seconds"),
        "taken_by": alert.taken_by,
        "detail": alert.detail,
    }


@click.command("alerts")
@json_option
@click.pass_obj
def alerts_command(settings: Settings, *, as_json: bool) -> None:
    """List the open alerts, platform alerts first."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            now = await database.now()
            return await list_alerts(MariaAlertRepository(database), Place(settings.zone, settings.web_public_url), now)

    print_report(run(work()), as_json=as_json)
