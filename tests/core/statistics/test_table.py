"""A report as a table, with what was before, and how final it is."""

from datetime import date, datetime, timedelta

from faust_app.core.statistics.compare import Compare
from faust_app.core.statistics.figures import Day, Figures, Source
from faust_app.core.statistics.finality import corrections_in, month_states, refreshing
from faust_app.core.statistics.periods import Granularity
from faust_app.core.statistics.ranges import DayRange
from faust_app.core.statistics.report import ClosedMonth, Correction
from faust_app.core.statistics.table import NOTHING_BEFORE, Before, Question, tabulate

TODAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, 5)  # noqa: DTZ001 - as the database keeps it


def days(first: date, last: date) -> list[Day]:
    return [
        Day(first + timedelta(days=n), Source.SETTLED, Figures(registered=(first + timedelta(days=n)).day), n)
        for n in range((last - first).days + 1)
    ]


def test_a_month_stands_against_the_whole_month_before_and_a_day_against_its_day() -> None:
    shown, before = DayRange(date(2026, 2, 1), date(2026, 2, 28)), days(date(2026, 1, 1), date(2026, 1, 31))
    by_month = tabulate(Question(shown, Granularity.MONTH, Compare.PREVIOUS), days(shown.first, shown.last), before, TODAY)
    assert by_month.before == (Before(Figures(registered=496), 30),)
    assert by_month.total_before == by_month.before[0]
    by_day = tabulate(Question(shown, Granularity.DAY, Compare.PREVIOUS), days(shown.first, shown.last), before, TODAY)
    assert [each.figures for each in by_day.before] == [Figures(registered=n) for n in range(1, 29)]
    assert by_day.total_before == by_month.total_before


def test_without_a_comparison_nothing_was_before() -> None:
    shown = DayRange(date(2026, 2, 1), date(2026, 2, 3))
    table = tabulate(Question(shown, Granularity.DAY), days(shown.first, shown.last), [], TODAY)
    assert (table.earlier, table.before, table.total_before) == (None, (NOTHING_BEFORE,) * 3, NOTHING_BEFORE)
    assert table.total.figures == Figures(registered=6)


def test_a_day_that_is_not_known_takes_the_comparison_with_it() -> None:
    shown = DayRange(date(2026, 2, 3), date(2026, 2, 4))
    before = [Day(date(2026, 2, 1), Source.MISSING, None, None), Day(date(2026, 2, 2), Source.LIVE, Figures(registered=5), 9)]
    table = tabulate(Question(shown, Granularity.DAY, Compare.PREVIOUS), days(shown.first, shown.last), before, TODAY)
    assert table.before == (Before(None, None), Before(Figures(registered=5), 9))
    assert table.total_before == Before(None, 9)


def test_a_month_is_final_once_it_is_closed_and_says_until_when_it_may_change() -> None:
    closed = ClosedMonth(date(2026, 1, 1), 13, AT)
    states = month_states(DayRange(date(2026, 1, 20), TODAY), [closed], 3)
    assert [(each.month, each.closed, each.closes_on) for each in states] == [
        (date(2026, 1, 1), closed, date(2026, 2, 3)),
        (date(2026, 2, 1), None, date(2026, 3, 3)),
        (date(2026, 3, 1), None, date(2026, 4, 3)),
    ]


def test_a_day_is_refreshed_where_it_is_counted_now_but_for_today_and_what_is_missing() -> None:
    sources = {date(2026, 2, 26): Source.FALLBACK, date(2026, 2, 27): Source.LIVE, date(2026, 2, 28): Source.MISSING, TODAY: Source.LIVE}
    found = [Day(day, source) for day, source in sources.items()]
    assert refreshing(found, TODAY) == 2
    assert refreshing(found[:2], TODAY) == 2


def test_only_corrections_of_the_range_are_listed() -> None:
    corrections = [Correction(n, date(2026, 2, n), AT, {}, {}, "late", applied=n == 1) for n in (1, 2, 3)]
    assert corrections_in(DayRange(date(2026, 2, 1), date(2026, 2, 2)), corrections) == corrections[:2]
