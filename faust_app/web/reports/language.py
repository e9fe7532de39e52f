"""The reader's language: its texts, and how it writes numbers, sizes and dates."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web
from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import format_compact_decimal, format_decimal, format_percent

from faust_app.web.reports.texts import TEXTS

COOKIE: Final = "lang"
PARAMETER: Final = "lang"
NO_FIGURE: Final = "\N{EN DASH}"
"""Stands for a number that is not known, which is not zero."""
_MINUS: Final = "\N{MINUS SIGN}"
_JOINED: Final = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, which stay on one line."""
_KEPT: Final = 8192
"""Numbers and days that are kept as text: a page has thousands, and most of them are on the next page too."""
_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_SMALL: Final = 10
"""Below it, a size has one decimal."""


@lru_cache(_KEPT)
def _decimal(value: float, pattern: str | None, locale: Locale) -> str:
    return format_decimal(value, format=pattern, locale=locale)


@lru_cache(_KEPT)
def _skeleton(skeleton: str, day: date, locale: Locale) -> str:
    return format_skeleton(skeleton, day, locale=locale)


class Language:
    """A language of the pages. `index` is its column in the tables of texts; `name` is what its readers call it."""

    def __init__(self, code: str, name: str, index: int) -> None:
        self.code = code
        self.name = name
        self.locale = Locale(code)
        self._index = index

    def text(self, key: str, /, **values: object) -> str:
        """Return a text with the values filled in. Raises KeyError for a key or value that is not there."""
        words: tuple[str, ...] = TEXTS[key]
        return words[self._index].format(**values)

    def counted(self, key: str, number: int, /, **values: object) -> str:
        """Return the text for this number of things; `{number}` in it is the number as people write it."""
        return self.text(f"{key}.{'one' if number == 1 else 'other'}", number=self.number(number), **values)

    def number(self, value: float | None) -> str:
        """Return a whole number."""
        return NO_FIGURE if value is None else _decimal(value, None, self.locale)

    def short_number(self, value: float) -> str:
        """Return a number in few characters, for an axis."""
        return format_compact_decimal(value, locale=self.locale, fraction_digits=1)

    def size(self, value: float | None) -> str:
        """Return a number of bytes in its largest unit (1 kB is 1,000 bytes)."""
        if value is None:
            return NO_FIGURE
        unit, rest = 0, float(abs(value))
        while rest >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - kilo
            unit, rest = unit + 1, rest / 1000
        pattern = "#,##0.0" if unit and rest < _SMALL else "#,##0"
        return f"{_MINUS if value < 0 else ''}{_decimal(round(rest, 1), pattern, self.locale)}{_JOINED}{_UNITS[unit]}"

    def seconds(self, milliseconds: float | None) -> str:
        """Return a duration in its largest unit, from whole milliseconds to hours."""
        if milliseconds is None:
            return NO_FIGURE
        for unit, length in (("h", 3_600_000), ("min", 60_000), ("s", 1000)):
            if milliseconds >= length:
                return f"{_decimal(round(milliseconds / length, 1), '#,##0.#', self.locale)}{_JOINED}{unit}"
        return f"{self.number(round(milliseconds))}{_JOINED}ms"

    def change(self, share: float) -> str:
        """Return a change as a percentage with its sign: 0.12 is +12 %."""
        sign = "+" if share > 0 else _MINUS if share < 0 else "±"
        return sign + format_percent(abs(share), format="#,##0.#%", locale=self.locale)

    def day(self, day: date) -> str:
        """Return a day with its year."""
        return _skeleton("yMMMd", day, self.locale)

    def weekday(self, day: date) -> str:
        """Return a day with its day of the week and its year."""
        return _skeleton("yMMMEd", day, self.locale)

    def day_of_year(self, day: date) -> str:
        """Return a day without its year."""
        return _skeleton("MMMd", day, self.locale)

    def month(self, day: date) -> str:
        """Return the month that the day is in, with its year."""
        return _skeleton("yMMMM", day, self.locale)

    def short_month(self, day: date) -> str:
        """Return the month that the day is in, for an axis."""
        return _skeleton("yMMM" if day.month == 1 else "MMM", day, self.locale)

    def days(self, first: date, last: date) -> str:
        """Return a range of days, as short as it can be written."""
        if first == last:
            return format_date(first, "long", locale=self.locale)
        return str(format_interval(first, last, "yMMMd", locale=self.locale))

    def time(self, at: datetime, zone: ZoneInfo) -> str:
        """Return the time of day of a UTC time in the zone."""
        return f"{at.replace(tzinfo=UTC).astimezone(zone):%H:%M}"

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        """Return a UTC time in the zone, with its day."""
        local = at.replace(tzinfo=UTC).astimezone(zone)
        return f"{self.day(local.date())} {local:%H:%M}"


ENGLISH: Final = Language("en", "English", 0)
KOREAN: Final = Language("ko", "한국어", 1)
LANGUAGES: Final[Mapping[str, Language]] = {language.code: language for language in (ENGLISH, KOREAN)}


def language_of(request: web.Request) -> Language:
    """Return the language that the address names, else the one chosen before, else the first that the browser asks for."""
    for chosen in (request.query.get(PARAMETER, ""), request.cookies.get(COOKIE, "")):
        if chosen in LANGUAGES:
            return LANGUAGES[chosen]
    return preferred(request.headers.get("Accept-Language", ""))


def preferred(accepted: str) -> Language:
    """Return the available language that the header `Accept-Language` prefers; English if it names none."""
    ranked: list[tuple[float, int, Language]] = []
    for position, part in enumerate(accepted[:1000].split(",")):
        tag, _, parameters = part.partition(";")
        language = LANGUAGES.get(tag.strip().lower().partition("-")[0])
        if language is not None and (quality := _quality(parameters)) > 0:
            ranked.append((-quality, position, language))
    return min(ranked, key=lambda each: each[:2], default=(0.0, 0, ENGLISH))[2]


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def remember(response: web.StreamResponse, request: web.Request) -> None:
    """Keep the language that the address names for the next pages."""
    if (code := request.query.get(PARAMETER)) in LANGUAGES:
        response.set_cookie(COOKIE, str(code), path="/reports", max_age=365 * 24 * 3600, httponly=True, samesite="Lax")
