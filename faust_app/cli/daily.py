"""`shop-images check --daily`: the daily check now, whenever somebody wants to know."""

from dataclasses import dataclass
from uuid import uuid4

from faust_app.core.alert_message import Delivered, Undelivered
from faust_app.core.alert_text import Place
from faust_app.core.daily_report import DAILY_CHECK, DailyReport
from faust_app.core.daily_text import daily_lines
from faust_app.flows.daily_check import DailyCheck
from faust_app.flows.ports.alerts import Messenger
from faust_app.flows.ports.duties import JobRuns


@dataclass(frozen=True, slots=True)
class DailyAnswer:
    """What was found, and what the messenger said; None where there was nothing to tell it."""

    report: DailyReport
    place: Place
    told: Delivered | Undelivered | None

    def as_json(self) -> dict[str, object]:
        """Return the answer as a JSON object."""
        return {**self.report.as_json(), "told": isinstance(self.told, Delivered)}

    def lines(self) -> list[str]:
        """Return the answer for people."""
        lines = daily_lines(self.report, self.place)
        match self.told:
            case Delivered():
                return [*lines, f"Told: the messenger took it ({self.told.answer})."]
            case Undelivered():
                return [*lines, f"Not told: {self.told.reason}; `shop-images check --alerts` tries the messenger."]
        return list(lines)


async def check_daily(check: DailyCheck, runs: JobRuns, place: Place, messenger: Messenger | None) -> DailyAnswer:
    """Run the check; the run of the day is done all the same. Raises Unavailable, and then nothing is told.

    Its message goes to the messenger directly: it counts into no limit and holds up no alert.
    """
    now, last = await runs.last(DAILY_CHECK)
    report = await check.look(now, None if last is None else last.result)
    message = check.result(report).message
    told = None if messenger is None or message is None else await messenger.send(f"msg_{uuid4().hex}", message)
    return DailyAnswer(report, place, told)
