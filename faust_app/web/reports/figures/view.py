"""What the page of a report shows, as texts and addresses: the CSV file is made of the same rows and columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from faust_app.core.statistics.figures import Source
from faust_app.core.statistics.periods import Granularity, Row
from faust_app.core.statistics.ranges import DayRange
from faust_app.core.statistics.table import Before, Table
from faust_app.web.reports.figures.chart import NARROW, WIDE, Axis, Chart, Value, draw
from faust_app.web.reports.figures.columns import Column, Unit, columns_for
from faust_app.web.reports.figures.query import Query
from faust_app.web.reports.figures.sentence import note, period_title
from faust_app.web.reports.language import NO_FIGURE, Language

Opens = Callable[[Column, DayRange], str | None]
"""Returns the address of the list that a figure of some days opens, None where there is none."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as text, as a spreadsheet gets it, and the address that it opens."""

    text: str
    raw: object
    link: str | None = None
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """A row: the period, its cells, and what the reader has to know of it."""

    title: Cell
    cells: Sequence[Cell]
    note: str = ""

    @property
    def raw(self) -> list[object]:
        """The row as a spreadsheet gets it."""
        return [self.title.raw, *(cell.raw for cell in self.cells), self.note]


@dataclass(frozen=True, slots=True)
class Tile:
    """The total of a figure, with its change where it can be compared."""

    column: Column
    title: str
    value: str
    link: str | None
    change: str | None


@dataclass(frozen=True, slots=True)
class View:
    """A table in a language. The newest row is the first."""

    header: Sequence[str]
    records: Sequence[Record]
    total: Record
    tiles: Sequence[Tile]
    charts: Sequence[Chart] = field(default_factory=tuple)


def view_of(table: Table, query: Query, language: Language, opens: Opens) -> View:
    """Return the view of a table."""
    columns = columns_for(operators=query.for_operators)
    builder = _Builder(table, query, language, opens, columns)
    rows = [builder.record(row, before) for row, before in zip(table.rows, table.before, strict=True)]
    return View(builder.header(), rows[::-1], builder.total(), builder.tiles(), builder.charts())


@dataclass(frozen=True, slots=True)
class _Builder:
    table: Table
    query: Query
    language: Language
    opens: Opens
    columns: Sequence[Column]

    @property
    def is_compared(self) -> bool:
        return self.table.earlier is not None

    def header(self) -> list[str]:
        text, figure = self.language.text, self.query.figure.title(self.language)
        compared = [text("figures.before", figure=figure), text("figures.change")] if self.is_compared else []
        source = [text("figures.source")] if self.query.for_operators else []
        return [text("figures.period"), *(column.title(self.language) for column in self.columns), *compared, *source, text("figures.note")]

    def record(self, row: Row, before: Before) -> Record:
        by = self.query.question.by
        title = Cell(period_title(row, by, self.language), _key(row, by), is_number=False)
        return Record(title, self._cells(row, before), note(row, self.language))

    def total(self) -> Record:
        row, text = self.table.total, self.language.text("figures.total")
        missing = self.language.counted("note.missing", row.missing) if row.missing else ""
        return Record(Cell(text, text, is_number=False), self._cells(row, self.table.total_before), missing)

    def tiles(self) -> list[Tile]:
        return [self._tile(column) for column in self.columns]

    def charts(self) -> list[Chart]:
        language, by, column = self.language, self.query.question.by, self.query.figure
        axis = Axis(
            lambda value: column.shown(value, language) if column.unit is not Unit.IMAGES else language.short_number(value),
            language.day_of_year,
            language.short_month,
        )
        values = [self._value(row, before) for row, before in zip(self.table.rows, self.table.before, strict=True)]
        return [draw(values, by, axis, size) for size in (WIDE, NARROW)]

    def _value(self, row: Row, before: Before) -> Value:
        column, language = self.query.figure, self.language
        value, earlier = column.of(row), column.of(before)
        known = column.shown(value, language) if value is not None else language.text("note.unknown")
        said = note(row, language) if value is not None else ""
        title = f"{period_title(row, self.query.question.by, language)}: {known}{f' ({said})' if said else ''}"
        return Value(row.period.first, title, value, earlier, is_whole=not said)

    def _tile(self, column: Column) -> Tile:
        value = column.of(self.table.total)
        share = column.change(self.table.total, self.table.total_before) if self.is_compared else None
        change = self.language.change(share) if share is not None else None
        link = self._link(column, value, self.table.total)
        return Tile(column, column.title(self.language), column.shown(value, self.language), link, change)

    def _cells(self, row: Row, before: Before) -> list[Cell]:
        cells = [self._cell(column, row) for column in self.columns]
        if self.is_compared:
            figure = self.query.figure
            earlier, share = figure.of(before), figure.change(row, before)
            cells.append(Cell(figure.shown(earlier, self.language), earlier))
            cells.append(Cell(self.language.change(share) if share is not None else NO_FIGURE, None if share is None else round(share, 4)))
        if self.query.for_operators:
            sources = ", ".join(self._source(source, row) for source in Source if row.sources.get(source))
            cells.append(Cell(sources, sources, is_number=False))
        return cells

    def _source(self, source: Source, row: Row) -> str:
        word = self.language.text(f"source.{source.value}")
        return word if len(row.sources) == 1 else f"{word} {row.sources[source]}"

    def _cell(self, column: Column, row: Row) -> Cell:
        value = column.of(row)
        return Cell(column.shown(value, self.language), value, self._link(column, value, row))

    def _link(self, column: Column, value: int | None, row: Row) -> str | None:
        return self.opens(column, row.shown) if value and column.opens is not None else None


def _key(row: Row, by: Granularity) -> str:
    """Return the period as machines write it."""
    if by is Granularity.MONTH:
        return f"{row.period.first:%Y-%m}"
    year, week, _ = row.period.first.isocalendar()
    return f"{year}-W{week:02}" if by is Granularity.WEEK else row.period.first.isoformat()
