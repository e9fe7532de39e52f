"""`shop-images check --daily`: the daily check now, whenever somebody wants to know."""

from dataclasses import dataclass

from faust_app.core.alert_text import Place
from faust_app.core.daily_report import DAILY_CHECK, DailyReport
from faust_app.core.daily_text import daily_lines
from faust_app.flows.daily_check import DailyCheck
from faust_app.flows.ports import JobRuns


@dataclass(frozen=True, slots=True)
class DailyAnswer:
    """What was found, and whether a message about it waits for the messenger."""

    report: DailyReport
    place: Place
    told: bool

    def as_json(self) -> dict[str, object]:
        """Return the answer as a JSON object."""
        return {**self.report.as_json(), "told": self.told}

    def lines(self) -> list[str]:
        """Return the answer for people."""
        return [
            *daily_lines(self.report, self.place),
            *(["Told: the next process that sends alerts tells the messenger."] if self.told else []),
        ]


async def check_daily(check: DailyCheck, runs: JobRuns, place: Place, *, tell: bool) -> DailyAnswer:
    """Run the check; the run of the day is done all the same. Raises Unavailable, and then nothing is told."""
    now, last = await runs.last(DAILY_CHECK)
    report = await check.look(now, None if last is None else last.result)
    result = check.result(report)
    if tell:
        await runs.tell(result)
    return DailyAnswer(report, place, told=tell and result.message is not None)
