"""How fresh and how final a report is, in the reader's words."""

from itertools import groupby
from zoneinfo import ZoneInfo

from faust_app.core.statistics.calendar import day_of
from faust_app.core.statistics.finality import MonthState
from faust_app.core.statistics.ranges import DayRange, whole_month
from faust_app.core.statistics.report import Correction
from faust_app.flows.statistics.shop_report import Report
from faust_app.web.reports.figures.columns import COLUMNS
from faust_app.web.reports.figures.sentence import range_title
from faust_app.web.reports.language import Language


def freshness(report: Report, language: Language, zone: ZoneInfo) -> list[str]:
    """Return until when the figures count, what is being refreshed, and which months are final or may still change."""
    sentences = []
    if report.table.today in report.table.question.shown:
        sentences.append(language.text("fresh.until", time=language.time(report.as_of, zone)))
    if report.refreshing:
        sentences.append(language.counted("fresh.refreshing", report.refreshing))
    for _, group in groupby(report.months, key=lambda state: (state.closed is not None, state.closes_on <= report.table.today)):
        sentences.append(_months([*group], report, language))
    return sentences


def _months(states: list[MonthState], report: Report, language: Language) -> str:
    """Return the state of months that follow each other and stand the same way. Only the running month and the one before are open."""
    months = range_title(DayRange(states[0].month, whole_month(states[-1].month).last), language)
    numbers = [state.closed.number for state in states if state.closed is not None]
    if len(numbers) > 1:
        return language.text("fresh.final_months", months=months, first=min(numbers), last=max(numbers))
    if numbers:
        return language.text("fresh.final", month=months, number=numbers[0])
    if states[0].closes_on <= report.table.today:
        return language.text("fresh.overdue", month=months)
    return " ".join(language.text("fresh.open", month=language.month(each.month), day=language.day(each.closes_on)) for each in states)


def corrections(report: Report, language: Language, zone: ZoneInfo, *, operators: bool) -> list[str]:
    """Return the corrections of final figures, those that wait for a decision only for operators.

    Their numbers are those of all shops together, so a shop reads that there was one, and why.
    """
    return [_correction(each, language, zone, operators=operators) for each in report.corrections if each.applied or operators]


def _correction(each: Correction, language: Language, zone: ZoneInfo, *, operators: bool) -> str:
    day, at = language.day(each.day), language.day(day_of(each.at, zone))
    reason = each.reason[:1].upper() + each.reason[1:]
    told = [language.text("fresh.correction" if each.applied else "fresh.pending", day=day, at=at, reason=reason)]
    if operators:
        for column in COLUMNS:
            if column.name in each.changed:
                before, after = (column.shown(figures.get(column.name, 0), language) for figures in (each.before, each.after))
                told.append(language.text("fresh.changed", figure=column.title(language), before=before, after=after))
    return " ".join(told)
