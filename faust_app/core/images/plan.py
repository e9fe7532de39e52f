"""What an event asks of its worker, given the row: the row decides, the record only wakes."""

from dataclasses import dataclass
from enum import StrEnum

from faust_app.core.images.row import ImageRow, ImageState, Origin
from faust_app.core.messages.events import ImageEvent, Op
from faust_app.core.sources.content import NO_VALIDATORS, Validators


class SkipReason(StrEnum):
    """Why an event needs no work."""

    SUPERSEDED = "superseded"  #: a newer version is wanted
    FINISHED = "finished"  #: this version already has its outcome
    OLD_COPY = "old_copy"  #: this attempt already has its outcome


@dataclass(frozen=True, slots=True)
class Store:
    """Fetch the row's source and store it; validators make the fetch conditional."""

    row: ImageRow
    url: str
    validators: Validators


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the image."""

    row: ImageRow


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to do."""

    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Unknown:
    """The record names what the database never gave: it goes to the dead letters, the row stays untouched."""

    detail: str


Plan = Store | Remove | Skip | Unknown


def plan(event: ImageEvent, row: ImageRow | None) -> Plan:
    """Decide by version first, then state, then retry count (design of the record's contract)."""
    if row is None or event.version > row.version:
        return Unknown("The row is missing." if row is None else f"The row is at version {row.version}.")
    if event.version < row.version:
        return Skip(SkipReason.SUPERSEDED)
    if row.state is not ImageState.IN_PROGRESS:
        return Skip(SkipReason.FINISHED)
    if event.retry_count < row.attempt:
        return Skip(SkipReason.OLD_COPY)
    if event.retry_count > row.attempt:
        return Unknown(f"The row is at attempt {row.attempt}.")
    if row.op is Op.DELETE or row.source_url is None:
        return Remove(row)
    return Store(row, row.source_url, _usable_validators(row))


def _usable_validators(row: ImageRow) -> Validators:
    """Return validators only where what is shown came from this address: a 304 means `what you have`.

    A repair is fetched whole: what is shown may be what is broken.
    """
    if row.shown is not None and row.shown.url == row.source_url and row.origin is Origin.SHOP:
        return row.shown.validators
    return NO_VALIDATORS
