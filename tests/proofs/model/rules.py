"""What no step may do to a row, and how no row may stand: the promises as the model checks them."""

from collections.abc import Collection
from dataclasses import replace

from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import Op

FINAL = {ImageState.DONE: False, ImageState.DELETED: True}
"""The states of a fulfilled request, and whether that request was a deletion."""


def broken_by(before: ImageRow, after: ImageRow) -> str | None:
    """Return the promise that a step broke, None where it broke none."""
    if after.version < before.version:
        return "the version fell"
    if after.shown_version < before.shown_version:
        return "what is shown went back"
    if after.version > before.version:
        return None
    if after.requested_at < before.requested_at:
        return "the time of the newest request fell"
    # A repeated request changes nothing of a finished version but when it was asked for, and by which name.
    repeated = replace(after, requested_at=before.requested_at, correlation_id=before.correlation_id, updated_at=before.updated_at)
    if before.state is not ImageState.IN_PROGRESS and repeated != before:
        return f"a version that was {before.state.value} got another outcome"
    return None


def broken_in(row: ImageRow, objects: Collection[str], letters: Collection[int]) -> str | None:
    """Return the promise that is broken as things stand, None where none is."""
    if row.shown is not None and row.shown.object_key not in objects:
        return "the object that is shown does not exist"
    if row.state is ImageState.IN_PROGRESS:
        return "neither a time nor a position" if row.scheduled_at is None and row.position is None else None
    if row.state is ImageState.FAILED:
        return None if row.version in letters else "failed without a dead letter"
    if FINAL[row.state] is not (row.op is Op.DELETE):
        return f"{row.state.value}, and the request was {row.op.value}"
    return _broken_show(row)


def _broken_show(row: ImageRow) -> str | None:
    if row.shown_version != row.version:
        return f"{row.state.value} at another version than what is shown"
    if row.state is ImageState.DELETED:
        return None if row.shown is None else "deleted, and still shown"
    if row.shown is None or row.shown.url != row.source_url or row.shown.sha256[0] != content_of(row.shown.url)[0]:
        return "what is shown is not what its address has"
    return None


def content_of(url: str, *, changed: bool = False) -> bytes:
    """Return the digest of what an address of the model has; its first byte tells the address."""
    return bytes([ord(url[-1]), int(changed)]) * 16
