"""How texts for people write numbers, times and spans."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

MAX_TEXT: Final = 3500
"""Most characters of a text; messengers cut or refuse longer ones (Slack recommends 4,000)."""


@dataclass(frozen=True, slots=True)
class Place:
    """The platform's time zone, and the address of its web process for people (None: not configured)."""

    zone: tzinfo
    web_url: str | None = None


def cut(text: str) -> str:
    """Return the text, cut to the length that every messenger accepts."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 2] + " …"


def zoned_time(at: datetime, zone: tzinfo) -> str:
    """Format a UTC time in the platform's zone, and in UTC."""
    local = at.replace(tzinfo=UTC).astimezone(zone)
    if local.utcoffset() == timedelta(0):
        return f"{at:%Y-%m-%d %H:%M} UTC"
    return f"{local:%Y-%m-%d %H:%M} {getattr(zone, 'key', local.tzname())} ({at:%H:%M} UTC)"


def duration(span: timedelta) -> str:
    """Format a time span in its two largest units."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes and not days else ""]
    return " ".join(part for part in parts if part)


def counted(number: int, noun: str, ending: str = "s") -> str:
    """Format a number with its noun, in singular or plural."""
    return f"{number:,} {noun}{'' if number == 1 else ending}"
