"""A daily job is due once for every date of the platform, also where its clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.maintenance.jobs import due_date

BERLIN = ZoneInfo("Europe/Berlin")
NINE = time(9)
STEP = timedelta(minutes=5)
ZONES = [
    "UTC", "Europe/Berlin", "Europe/Helsinki", "Africa/Cairo", "America/Sao_Paulo", "America/St_Johns", "America/Nuuk", "Asia/Beirut",
    "Asia/Kathmandu", "Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
]  # fmt: skip


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("utc", "last", "day"),
    [
        ("2026-03-01 07:59", None, "2026-02-28"),
        ("2026-03-01 07:59", "2026-02-28", None),
        ("2026-03-01 08:00", None, "2026-03-01"),
        ("2026-03-01 08:00", "2026-02-28", "2026-03-01"),
        ("2026-03-01 08:00", "2026-03-01", None),
        ("2026-03-01 22:59", "2026-03-01", None),
        ("2026-03-01 23:30", "2026-03-01", None),  # the next day there, before nine
        ("2026-03-05 17:00", "2026-03-01", "2026-03-05"),  # missed days are one run
        ("2026-03-05 03:00", "2026-03-03", "2026-03-04"),  # and done as soon as somebody can
        ("2026-03-29 07:00", "2026-03-28", "2026-03-29"),  # summer time begins
        ("2026-03-29 06:59", "2026-03-28", None),
    ],
)
def test_a_job_is_due_once_a_day_of_the_platform(utc: str, last: str | None, day: str | None) -> None:
    due = due_date(moment(utc), BERLIN, NINE, date.fromisoformat(last) if last else None)
    assert due == (date.fromisoformat(day) if day else None)


@pytest.mark.parametrize(
    ("zone", "at", "day", "first"),
    [
        ("Europe/Berlin", "03:00", "2026-03-29", "2026-03-29 01:00"),  # 02:00 to 03:00 is left out: three comes an hour early
        ("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29 01:00"),  # the time itself is left out
        ("Europe/Berlin", "03:00", "2026-10-25", "2026-10-25 02:00"),  # 02:00 to 03:00 comes twice
        ("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25 00:30"),  # the time itself comes twice: the first one
        ("Europe/Helsinki", "03:00", "2026-03-29", "2026-03-29 01:00"),  # 03:00 to 04:00 is left out
        ("Europe/Helsinki", "03:00", "2026-10-25", "2026-10-25 00:00"),  # 03:00 to 04:00 comes twice
        ("Africa/Cairo", "00:00", "2026-04-24", "2026-04-23 22:00"),  # the date begins at 01:00
        ("Antarctica/Troll", "02:00", "2026-03-29", "2026-03-29 01:00"),  # two hours are left out
        ("America/Nuuk", "23:30", "2024-03-30", "2024-03-31 01:00"),  # the date ends at 23:00: due when the next begins
        ("Pacific/Apia", "03:00", "2011-12-31", "2011-12-30 13:00"),  # the 30th was left out
    ],
)
def test_a_job_is_due_from_its_time_on_where_the_clocks_change(zone: str, at: str, day: str, first: str) -> None:
    where, when = ZoneInfo(zone), time.fromisoformat(at)
    before = due_date(moment(first) - timedelta(microseconds=1), where, when, None)
    assert before is not None
    assert due_date(moment(first) - timedelta(microseconds=1), where, when, before) is None
    assert due_date(moment(first), where, when, before) == date.fromisoformat(day)


def test_a_date_that_was_left_out_has_no_run() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert due_date(moment("2011-12-30 10:30"), apia, time(3), date(2011, 12, 29)) is None


def dates_there(zone: ZoneInfo, start: datetime, days: int) -> set[date]:
    steps = range(days * 24 * 12)
    return {(start + STEP * n).replace(tzinfo=UTC).astimezone(zone).date() for n in steps}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("start", ["2026-03-26", "2026-10-22", "2011-12-26", "2018-11-01", "2018-02-15", "2007-11-01", "2024-03-28"])
@pytest.mark.parametrize("at", [time(0), time(2, 30), time(3), NINE, time(23, 59)])
def test_every_date_has_one_run_and_none_is_left_out(zone: str, start: str, at: time) -> None:
    where, begin, last, done = ZoneInfo(zone), moment(start), None, []
    for n in range(6 * 24 * 12):
        day = due_date(begin + STEP * n, where, at, last)
        if day is not None:
            done.append(day)
            last = day
    assert done == sorted(set(done)), "never twice, never backwards"
    within = sorted(dates_there(where, begin, 6))[1:-1]
    assert [day for day in done if day in within] == within
    assert set(done) <= dates_there(where, begin - timedelta(days=3), 12), "no date that does not exist"


@given(
    st.sampled_from(ZONES),
    st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001 - UTC without a zone
    st.times(),
    st.lists(st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=3)), min_size=1, max_size=30),
)
def test_whenever_somebody_looks_a_date_is_done_at_most_once_and_never_before_its_time(
    zone: str, now: datetime, at: time, pauses: list[timedelta]
) -> None:
    where, last = ZoneInfo(zone), None
    for pause in pauses:
        now += pause
        day = due_date(now, where, at, last)
        if day is not None:
            assert last is None or day > last
            local = now.replace(tzinfo=UTC).astimezone(where)
            assert (day, at) <= (local.date(), local.time())
            last = day
