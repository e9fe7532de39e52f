"""How a row whose object is missing is fetched again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from faust_app.core.images.row import ImageRow, WakeReason, begun_anew, next_version, version_of
from faust_app.core.messages.events import Op


def shows_missing(row: ImageRow, keys: Iterable[str]) -> bool:
    """Return whether the row's object is not among its image's keys, unless the image is being deleted anyway."""
    return row.shown is not None and row.op is not Op.DELETE and row.shown.object_key not in keys


def newer_keys(row: ImageRow, keys: Iterable[str]) -> list[str]:
    """Return the keys of versions above the row's: their requests are missing from the database."""
    return [key for key in keys if (version_of(key) or 0) > row.version]


def stored_anew(current: ImageRow | None, judged: ImageRow, now: datetime) -> ImageRow | None:
    """Return the locked row, to be fetched again: a new version, due now, nothing shown; None if it changed meanwhile.

    Nothing is shown, so that neither a 304 nor the same bytes count as already stored. The version was never given before, not
    even by the database that was lost, since it is never below the clock.
    """
    if current is None or current.shown is None or judged.shown is None or current.shown.object_key != judged.shown.object_key:
        return None
    if current.op is Op.DELETE:
        return None
    version = next_version(current.version, now)
    return replace(begun_anew(current, version=version, open_since=now, wake_at=now, reason=WakeReason.REPUBLISHED), shown=None)
