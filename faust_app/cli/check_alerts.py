"""`shop-images check --alerts`: checks that a message reaches the messenger."""

from dataclasses import dataclass

import click

from faust_app.adapters.http.webhook import Webhook
from faust_app.cli.command import print_report, run
from faust_app.core.alerts.message import AlertMessage, Delivered, Form, Undelivered, new_webhook_id
from faust_app.core.failure_codes import Severity
from faust_app.core.text import zoned_time
from faust_app.settings import Settings
from faust_app.wiring.common import utc_now


@dataclass(frozen=True, slots=True)
class AlertsReport:
    """The messenger's answer to a test message."""

    webhook_format: str
    webhook_id: str
    result: Delivered | Undelivered

    @property
    def delivered(self) -> bool:
        """Whether the message was accepted."""
        return isinstance(self.result, Delivered)

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        said = self.result.answer if isinstance(self.result, Delivered) else self.result.reason
        return {"delivered": self.delivered, "format": self.webhook_format, "webhook_id": self.webhook_id, "answer": said}

    def lines(self) -> list[str]:
        """Return the report for people."""
        if isinstance(self.result, Delivered):
            return [f"test message accepted ({self.result.answer}), format {self.webhook_format}, id {self.webhook_id}"]
        return [f"test message not accepted: {self.result.reason}; check ALERT_WEBHOOK_URL and ALERT_WEBHOOK_FORMAT"]


async def check_alerts(settings: Settings) -> AlertsReport:
    """Send a test message, which counts towards no limit. Raises ValueError when no messenger is configured."""
    now = utc_now()
    text = (
        f"What: a test of the alerts, sent {zoned_time(now, settings.zone)} by `shop-images check --alerts`.\n"
        "Safe: nothing is wrong.\nDo: nothing; alerts will arrive here."
    )
    message = AlertMessage(Form.TEST, now, Severity.PLATFORM, "[test] shop-images can reach you", text)
    webhook_id = new_webhook_id()
    async with Webhook(settings) as webhook:
        return AlertsReport(settings.alert_webhook_format, webhook_id, await webhook.send(webhook_id, message))


def run_check_alerts(settings: Settings, *, as_json: bool) -> None:
    """Send a test message and print what the messenger answered; exit code 1 unless it was taken."""
    if settings.alert_webhook_url is None:
        raise click.UsageError("No messenger is configured: set ALERT_WEBHOOK_URL")
    report = run(check_alerts(settings))
    if as_json or report.delivered:
        print_report(report, as_json=as_json)
    else:
        click.echo(f"shop-images: {report.lines()[0]}", err=True)
    if not report.delivered:
        raise SystemExit(1)
