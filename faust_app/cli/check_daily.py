"""`shop-images check --daily`: runs the daily check now."""

from dataclasses import dataclass

from faust_app.adapters.http.webhook import Webhook
from faust_app.adapters.kafka.offsets import KafkaConsumerOffsets
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.job_runs import MariaJobRuns
from faust_app.cli.command import print_report, run
from faust_app.core.alerts.message import Delivered, Undelivered, new_webhook_id
from faust_app.core.maintenance.daily_report import DAILY_CHECK, DailyReport
from faust_app.core.maintenance.daily_text import daily_lines
from faust_app.core.text import Place
from faust_app.flows.maintenance.daily_check import DailyCheck
from faust_app.flows.ports.alerts import Messenger
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.maintenance import JobRuns
from faust_app.settings import Settings
from faust_app.wiring.maintenance import daily_check


@dataclass(frozen=True, slots=True)
class DailyAnswer:
    """The findings, and the messenger's answer; `sent` is None if nothing was sent."""

    report: DailyReport
    place: Place
    sent: Delivered | Undelivered | None

    def as_json(self) -> dict[str, object]:
        """Return the answer as a JSON object."""
        return {**self.report.as_json(), "sent": isinstance(self.sent, Delivered)}

    def lines(self) -> list[str]:
        """Return the answer for people."""
        lines = daily_lines(self.report, self.place)
        match self.sent:
            case Delivered():
                return [*lines, f"Sent: the messenger accepted it ({self.sent.answer})."]
            case Undelivered():
                return [*lines, f"Not sent: {self.sent.reason}; test the messenger with `shop-images check --alerts`."]
        return list(lines)


async def check_daily(check: DailyCheck, runs: JobRuns, clock: Clock, place: Place, messenger: Messenger | None) -> DailyAnswer:
    """Run the check and send its message; the scheduled run of the day still takes place. Raises Unavailable before sending.

    The message goes to the messenger directly, so it counts towards no limit and holds up no alert.
    """
    now, last = await clock.now(), await runs.last(DAILY_CHECK)
    report = await check.examine(now, None if last is None else last.result)
    message = check.result(report).message
    sent = None if messenger is None or message is None else await messenger.send(new_webhook_id(), message)
    return DailyAnswer(report, place, sent)


def run_check_daily(settings: Settings, *, send: bool, as_json: bool) -> None:
    """Run the daily check and print what it finds; exit code 1 when somebody has to look into it."""
    topics = [spec.name for spec in settings.topics.images]

    async def work() -> DailyAnswer:
        connected = KafkaConsumerOffsets.connect(settings.kafka, settings.app_id, topics)
        async with Database.connect(settings.database, 1) as database, connected as offsets:
            place, runs = Place(settings.zone, settings.web_public_url), MariaJobRuns(database)
            check = daily_check(settings, database, offsets, place)
            if not send or settings.alert_webhook_url is None:
                return await check_daily(check, runs, database, place, None)
            async with Webhook(settings) as messenger:
                return await check_daily(check, runs, database, place, messenger)

    answer = run(work())
    print_report(answer, as_json=as_json)
    if not answer.report.ok:
        raise SystemExit(1)
