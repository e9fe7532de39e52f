"""What a request does to its row: decided under the row's lock, with the database's clock as an argument."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from faust_app.core.events import ImageRequest, Op
from faust_app.core.image import ImageRow, ImageState, WakeReason, begun_anew, source_host


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request is the image's newest wish: this is the row as it has to be written."""

    row: ImageRow


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer request is already known: the row stays as it is."""

    row: ImageRow


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The row already wants, or shows, just this: nothing to do."""

    row: ImageRow


Decision = Accepted | Superseded | Unchanged


def accept(row: ImageRow, request: ImageRequest, *, requested_at: datetime, now: datetime, lease: timedelta) -> Decision:
    """Decide a request against its locked row (a placeholder of version 0 where the image is unknown).

    `requested_at` is when the request reached us, `now` the database's clock, both UTC without a zone; `lease` is how
    long the caller has to publish before another process may.
    """
    if _is_superseded(row, request, requested_at):
        return Superseded(row)
    exists = row.version > 0 and row.state is not ImageState.DELETED
    op = request.op if request.op is Op.DELETE else (Op.UPDATE if exists else Op.REGISTER)
    begun = begun_anew(
        row,
        version=next_version(row.version, now),
        open_since=row.open_since or now,
        wake_at=now + lease,
        reason=WakeReason.UNSENT,
    )
    return Accepted(
        replace(
            begun,
            op=op,
            source_url=request.source_url,
            source_host=source_host(request.source_url) if request.source_url else None,
            product_id=request.product_id if request.product_id is not None else row.product_id,
            external_version=request.external_version if request.external_version is not None else row.external_version,
            correlation_id=request.correlation_id,
            requested_at=requested_at,
        )
    )


def accept_changed(row: ImageRow, request: ImageRequest, *, requested_at: datetime, now: datetime, lease: timedelta) -> Decision:
    """Decide like `accept`, but leave alone what is DONE or IN_PROGRESS with the same URL: an import that is repeated."""
    wants_the_same = row.version > 0 and row.op is not Op.DELETE and row.source_url == request.source_url
    if wants_the_same and row.state in {ImageState.DONE, ImageState.IN_PROGRESS}:
        return Unchanged(row)
    return accept(row, request, requested_at=requested_at, now=now, lease=lease)


def next_version(version: int, now: datetime) -> int:
    """Return a version never given before: above the row's, and never below the clock, not even after a lost row."""
    return max(version + 1, int(now.replace(tzinfo=UTC).timestamp() * 1_000_000))


def _is_superseded(row: ImageRow, request: ImageRequest, requested_at: datetime) -> bool:
    if row.version == 0:
        return False
    if request.external_version is not None and row.external_version is not None:
        return request.external_version <= row.external_version
    return requested_at < row.requested_at
