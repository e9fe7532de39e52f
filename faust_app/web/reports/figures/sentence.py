"""What a chart and its table say, in sentences."""

from typing import Final

from faust_app.core.statistics.compare import Basis
from faust_app.core.statistics.periods import Granularity, Row
from faust_app.core.statistics.ranges import DayRange
from faust_app.core.statistics.table import Table
from faust_app.web.reports.figures.columns import Column
from faust_app.web.reports.language import Language

_COMPARED: Final = {
    Basis.DAYS: "compare.days",
    Basis.MONTHS: "compare.months",
    Basis.SAME_DAYS: "compare.same_days",
    Basis.YEAR: "compare.year",
}


def period_title(row: Row, by: Granularity, language: Language) -> str:
    """Return what readers call the period of a row."""
    if by is Granularity.DAY:
        return language.weekday(row.period.first)
    if by is Granularity.MONTH:
        return language.month(row.period.first)
    week = row.period.first.isocalendar().week
    return language.text("period.week", week=week, days=language.days(row.period.first, row.period.last))


def range_title(shown: DayRange, language: Language) -> str:
    """Return a range of days; whole months by their names."""
    if shown.has_whole_months:
        first, last = language.month(shown.first), language.month(shown.last)
        return first if first == last else f"{first} \N{EN DASH} {last}"
    return language.days(shown.first, shown.last)


def describe(table: Table, column: Column, language: Language) -> str:
    """Return what the chart of a figure shows: its total, its peak, where there is nothing, and how it changed."""
    sentences = [_total(table, column, language)]
    values = [(row, value) for row in table.rows if (value := column.of(row)) is not None]
    if column.adds_up and len(values) > 1 and (highest := max(value for _, value in values)) > 0:
        row = next(row for row, value in values if value == highest)
        title = period_title(row, table.question.by, language)
        sentences.append(language.text("sentence.most", value=column.shown(highest, language), period=title))
        if none := sum(value == 0 for _, value in values):
            sentences.append(language.counted(f"sentence.none.{table.question.by.value}", none))
    if table.total.missing:
        sentences.append(language.counted("sentence.missing", table.total.missing))
    return " ".join([*sentences, *_change(table, column, language)])


def _total(table: Table, column: Column, language: Language) -> str:
    value, shown = column.of(table.total), range_title(table.question.shown, language)
    if value is None:
        return language.text("sentence.unknown", figure=column.title(language), range=shown)
    key = "total" if column.adds_up else "end" if column.unit == "bytes" else "overall"
    return language.text(f"sentence.{key}", figure=column.title(language), range=shown, value=column.shown(value, language))


def _change(table: Table, column: Column, language: Language) -> list[str]:
    before = column.of(table.total_before)
    if before is None:
        return []
    share, written = column.change(table.total, table.total_before), column.shown(before, language)
    if share is None:
        return [language.text("sentence.no_share", before=written)]
    return [language.text("sentence.more", share=language.change(share), before=written)]


def compared_with(table: Table, language: Language, oldest: str) -> list[str]:
    """Return what the table is compared with, and why these days; nothing where nobody asked."""
    if table.question.compare is None:
        return []
    if table.earlier is None:
        return [language.text("compare.too_old", oldest=oldest)]
    shown = range_title(table.earlier.range, language)
    sentences = [language.text(_COMPARED[table.earlier.basis], range=shown)]
    if table.question.shown.last == table.today:
        sentences.append(language.text("compare.today"))
    return sentences


def note(row: Row, language: Language) -> str:
    """Return what a reader has to know of a row: cut, running, or incomplete; empty for a whole one."""
    notes = []
    if row.figures is None:
        return language.text("note.unknown")
    if row.extent == "running":
        notes.append(language.text("note.running"))
    if row.shown.first != row.period.first or (row.extent == "cut" and row.shown != row.period):
        notes.append(language.text("note.cut", days=language.days(row.shown.first, row.shown.last)))
    if row.missing:
        notes.append(language.counted("note.missing", row.missing))
    return ", ".join(notes)
