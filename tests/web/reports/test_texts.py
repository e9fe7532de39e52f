"""Every text of the shop's pages is there in every language, with the same values filled in, and every key that is used exists."""

import re
import string
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import faust_app
from faust_app.web.reports.language import ENGLISH, KOREAN, LANGUAGES
from faust_app.web.reports.texts import TABLES, TEXTS

WEB = Path(faust_app.__file__).parent / "web"
HANGUL = re.compile("[가-힣]")


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_says_the_same_in_every_language(key: str) -> None:
    words = TEXTS[key]
    assert len(words) == len(LANGUAGES)
    assert all(word.strip() == word and word for word in words)
    english, korean = words
    assert fields_of(english) == fields_of(korean) or (key.endswith(".one") and fields_of(english) <= fields_of(korean))
    assert not HANGUL.search(english)
    assert HANGUL.search(korean) or not re.search("[a-z]{3}", re.sub(r"\{.*?\}", "", korean)), korean


def test_no_key_stands_in_two_tables() -> None:
    assert sum(len(table) for table in TABLES) == len(TEXTS)


def test_a_counted_text_has_both_numbers() -> None:
    stems = {key.removesuffix(".one").removesuffix(".other") for key in TEXTS if key.endswith((".one", ".other"))} - {"problem"}
    assert [stem for stem in stems if not {f"{stem}.one", f"{stem}.other"} <= set(TEXTS)] == []


def test_every_key_that_is_used_exists_and_every_text_is_used() -> None:
    sources = [path for path in (WEB / "reports").rglob("*.py") if path.parent.name != "texts"]
    code = "\n".join(path.read_text() for path in [*sources, *(WEB / "templates" / "reports").glob("*.html")])
    used = set(re.findall(r'\.text\(\s*"([a-z0-9_.]+[a-z0-9_])"', code))
    used |= {f"{stem}.{number}" for stem in re.findall(r'\.counted\(\s*"([a-z0-9_.]+)"', code) for number in ("one", "other")}
    assert used - set(TEXTS) == set()
    literals = set(re.findall(r'"([a-z0-9_.-]+)"', code))
    built = tuple(re.findall(r'"([a-z0-9_.]+\.)(?:\{|" ~)', code))  # the beginnings of keys that are put together
    unused = [key for key in TEXTS if key not in used | literals and not key.startswith(built)]
    assert [key for key in unused if re.sub(r"\.(one|other|text)$", "", key) not in literals] == []


def test_numbers_sizes_and_dates_follow_the_language() -> None:
    day = date(2026, 11, 28)
    assert ENGLISH.number(1234567) == KOREAN.number(1234567) == "1,234,567"
    assert [ENGLISH.size(value) for value in (None, 0, 999, 1000, 12_345, 1_234_567_890, -2000)] == [
        "\N{EN DASH}", "0\xa0B", "999\xa0B", "1.0\xa0kB", "12\xa0kB", "1.2\xa0GB", "\N{MINUS SIGN}2.0\xa0kB",
    ]  # fmt: skip
    assert (ENGLISH.day(day), KOREAN.day(day)) == ("Nov 28, 2026", "2026년 11월 28일")
    assert (ENGLISH.month(day), KOREAN.month(day)) == ("November 2026", "2026년 11월")
    assert KOREAN.days(day, date(2026, 12, 2)) == "2026년 11월 28일~12월 2일"
    assert [ENGLISH.change(share) for share in (0.1234, -0.5, 0.0)] == ["+12.3%", "\N{MINUS SIGN}50%", "±0%"]
    assert [ENGLISH.seconds(value) for value in (None, 5, 771.175, 1900, 90_000, 7_200_000)] == [
        "\N{EN DASH}", "5\xa0ms", "771\xa0ms", "1.9\xa0s", "1.5\xa0min", "2\xa0h",
    ]  # fmt: skip


def test_times_are_told_in_the_platforms_zone() -> None:
    at = datetime(2026, 11, 28, 16, 2, tzinfo=UTC).replace(tzinfo=None)
    assert ENGLISH.moment(at, ZoneInfo("Asia/Seoul")) == "Nov 29, 2026 01:02"
    assert KOREAN.time(at, ZoneInfo("Asia/Seoul")) == "01:02"
