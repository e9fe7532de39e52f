"""When an object may be deleted."""

from faust_app.core.images.row import ImageRow, ImageState


def may_collect(object_key: str, version: int | None, row: ImageRow | None) -> bool:
    """Return whether an object can never be shown again: the one rule of the collector and its audit.

    It is not shown; and it was made for an older version, or for this one when this one has its outcome. A key without
    a row, or one we did not make, is kept. Needs no guard: what may be collected once may be for ever, since a version is
    never given again.
    """
    if row is None or version is None or (row.shown is not None and row.shown.object_key == object_key):
        return False
    return version < row.version or (version == row.version and row.state is not ImageState.IN_PROGRESS)
