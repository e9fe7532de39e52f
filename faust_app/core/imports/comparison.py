"""How the images that a catalogue file names compare with what is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from faust_app.core.failure_codes import known_code
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.imports.catalogue import CatalogueItem, Entry, LineProblem
from faust_app.core.messages.events import ImageRequest, Op


class Compared(StrEnum):
    """What became of an image of the file, in the order of lists: what needs attention first."""

    FAILED = "failed"
    OLD_SHOWN = "old one shown"
    REJECTED = "rejected"
    NEVER_RECEIVED = "never received"
    UNDER_WAY = "under way"
    DELETED = "deleted"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class ComparedImage:
    """One image of the file: its line, how it stands and why. `at` is when it is due, or was deleted, in UTC."""

    line: int
    image_id: str | None
    source_url: str | None
    standing: Compared
    reason: str | None = None
    at: datetime | None = None

    @property
    def cells(self) -> tuple[object, ...]:
        """The image as a row of a table with these COLUMNS."""
        return self.line, self.image_id, self.source_url, self.standing.value, self.reason, self.at


COLUMNS: Final = ("line", "image_id", "source_url", "standing", "reason", "at")


def compare(entry: Entry, rows: Mapping[ImageKey, ImageRow]) -> ComparedImage:
    """Compare one entry of the file with its row."""
    if isinstance(entry, LineProblem):
        return ComparedImage(entry.line, None, None, Compared.REJECTED, f"{entry.field}: {entry.reason}")
    asked = entry.request
    standing, reason, at = _standing(asked, rows.get(asked.key))
    return ComparedImage(entry.line, asked.image_id, asked.source_url, standing, reason, at)


_Standing = tuple[Compared, str | None, datetime | None]


def _standing(asked: ImageRequest, row: ImageRow | None) -> _Standing:
    if row is None or row.version == 0:
        return (Compared.DELETED, None, None) if asked.op is Op.DELETE else (Compared.NEVER_RECEIVED, None, None)
    if row.state is ImageState.DELETED and asked.op is not Op.DELETE:
        return Compared.DELETED, None, row.updated_at
    if not _is_wanted(asked, row):
        return _other_wanted(asked, row)
    match row.state:
        case ImageState.DONE:
            return Compared.SHOWN, None, None
        case ImageState.DELETED:
            return Compared.DELETED, None, row.updated_at
        case ImageState.IN_PROGRESS:
            return Compared.UNDER_WAY, "an older one is shown meanwhile" if row.shown else None, row.scheduled_at
        case ImageState.FAILED:
            return Compared.OLD_SHOWN if row.shown else Compared.FAILED, _why(row), None
        case _:
            assert_never(row.state)


def _is_wanted(asked: ImageRequest, row: ImageRow) -> bool:
    """Return whether the newest request that was received wants what the file says."""
    if asked.op is Op.DELETE or row.op is Op.DELETE:
        return asked.op is row.op
    return asked.source_url == row.source_url


def _other_wanted(asked: ImageRequest, row: ImageRow) -> _Standing:
    if asked.op is Op.DELETE:
        return Compared.OLD_SHOWN if row.shown else Compared.NEVER_RECEIVED, "its deletion was never received", None
    if row.shown is None:
        return Compared.NEVER_RECEIVED, "another address was received for this image", None
    return Compared.OLD_SHOWN, "this address was never received, or a newer request replaced it", None


def _why(row: ImageRow) -> str:
    code = known_code(row.error_code)
    return code.sentence if code is not None else (row.error_code or "").replace("_", " ")


def images_of(entries: list[Entry]) -> list[ImageKey]:
    """Return the keys of the images among the entries."""
    return [entry.request.key for entry in entries if isinstance(entry, CatalogueItem)]
