"""What becomes of a row that shows an object which is not there."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from faust_app.core.events import Op
from faust_app.core.image import ImageRow, WakeReason, begun_anew, next_version, version_of


def shows_missing(row: ImageRow, keys: Iterable[str]) -> bool:
    """Tell whether the row shows an object that is not among its image's keys, and the image is not to go anyway."""
    return row.shown is not None and row.op is not Op.DELETE and row.shown.object_key not in keys


def newer_keys(row: ImageRow, keys: Iterable[str]) -> list[str]:
    """Return the keys of versions that the row never reached: their requests are not in the database."""
    return [key for key in keys if (version_of(key) or 0) > row.version]


def stored_anew(current: ImageRow | None, judged: ImageRow, now: datetime) -> ImageRow | None:
    """Return the locked row as it is fetched again: a new version, due now, and nothing shown; None if it moved on.

    Nothing shown, so that neither a 304 nor the same bytes count as what is there already. The version is one that was
    never given, not even by the database that was lost, since it is never below the clock.
    """
    if current is None or current.shown is None or judged.shown is None or current.shown.object_key != judged.shown.object_key:
        return None
    if current.op is Op.DELETE:
        return None
    version = next_version(current.version, now)
    return replace(begun_anew(current, version=version, open_since=now, wake_at=now, reason=WakeReason.REPUBLISHED), shown=None)
