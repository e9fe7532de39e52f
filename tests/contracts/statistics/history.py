"""Lines of the history for tests: each says what it counts as."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from faust_app.adapters.mariadb.database import Database

COLUMNS = "at, shop_no, image_id, version, outcome, bytes, counts_as, fault, bytes_change, took_ms"
_SQL = f"INSERT INTO image_history ({COLUMNS}) VALUES (%s, %s, %s, 1, %s, %s, %s, %s, %s, %s)"  # noqa: S608 - our own columns
Line = tuple[datetime, int, bytes, str, int | None, str | None, str | None, int, int | None]


def stored(at: datetime, shop_no: int = 7, *, size: int = 100, change: int | None = None, name: str = "registered", took: int = 40) -> Line:
    return at, shop_no, b"a", "stored", size, name, None, size if change is None else change, took


def failed(at: datetime, shop_no: int = 7, fault: str = "shop") -> Line:
    return at, shop_no, b"f", "failed", None, "failed", fault, 0, None


async def write(database: Database, lines: Sequence[Line]) -> None:
    for line in lines:
        await database.change(_SQL, line)


def at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 - as the database keeps it


def busy_days(first: date, count: int) -> list[Line]:
    """Return lines of some days: each day stores a little more than the one before."""
    days = [first + timedelta(days=n) for n in range(count)]
    return [line for n, day in enumerate(days) for line in (stored(at_noon(day), size=100 + n), failed(at_noon(day)))]
