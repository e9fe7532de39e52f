"""What a request does to its row: decided under the row's lock, with the database's clock as an argument.

A request that asks for what the row already wants is *repeated*. While the image is in progress it changes nothing but the
time of the newest request: same version, no history, no event. Whoever settles sees by that time that it was asked for
again after the worker had read its row, and lets one more fetch follow, since the bytes may have changed under it. An image
that is done is fetched again, two seconds after it was done at the earliest, so a burst of repeated requests costs two
fetches and not one for each. A deletion of what is deleted, or being deleted, changes nothing. A sender's own revision
makes a request new.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from faust_app.core.images.row import FETCHED_AGAIN_AFTER, ImageRow, ImageState, ScheduleReason, source_host
from faust_app.core.images.transitions import begun_anew, next_version
from faust_app.core.messages.events import ImageRequest, Op


@dataclass(frozen=True, slots=True)
class Accepted:
    """The image's newest request: this is the row as it has to be written.

    Not `at_once`, its event is left to the publisher of due rows.
    """

    row: ImageRow
    at_once: bool = True


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer request is already known: the row stays as it is."""

    row: ImageRow


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The row already wants, or shows, just this: nothing to do but to keep when it was last asked for, where that is later."""

    row: ImageRow


Decision = Accepted | Superseded | Unchanged


def accept(row: ImageRow, request: ImageRequest, *, requested_at: datetime, now: datetime, lease: timedelta) -> Decision:
    """Decide a request against its locked row (a placeholder of version 0 where the image is unknown).

    `requested_at` is when the request reached us, `now` the database's clock, both UTC without a zone; `lease` is how
    long the caller has to publish before another process may.
    """
    if _is_superseded(row, request, requested_at):
        return Superseded(row)
    repeated = _is_repeated(row, request)
    if repeated and (row.state is ImageState.IN_PROGRESS or row.op is Op.DELETE):
        return Unchanged(_asked_again(row, request, requested_at))
    begins = _begins(row, now) if repeated else now
    exists = row.version > 0 and row.state is not ImageState.DELETED
    op = request.op if request.op is Op.DELETE else (Op.UPDATE if exists else Op.REGISTER)
    begun = begun_anew(
        row,
        version=next_version(row.version, now),
        open_since=row.open_since or now,
        scheduled_at=now + lease if begins <= now else begins,
        reason=ScheduleReason.UNSENT,
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
        ),
        at_once=begins <= now,
    )


def accept_changed(row: ImageRow, request: ImageRequest, *, requested_at: datetime, now: datetime, lease: timedelta) -> Decision:
    """Decide like `accept`, but leave alone what is DONE or IN_PROGRESS with the same URL: an import that is repeated."""
    wants_the_same = row.version > 0 and row.op is not Op.DELETE and row.source_url == request.source_url
    if wants_the_same and row.state in {ImageState.DONE, ImageState.IN_PROGRESS}:
        return Unchanged(row)
    return accept(row, request, requested_at=requested_at, now=now, lease=lease)


def _is_repeated(row: ImageRow, request: ImageRequest) -> bool:
    """Return whether the row wants, or shows, what is asked for; what failed is not repeated, it is tried anew."""
    if row.version == 0 or row.state is ImageState.FAILED or request.external_version is not None:
        return False
    if request.op is Op.DELETE or row.op is Op.DELETE:
        return request.op is row.op
    return row.source_url == request.source_url and request.product_id in {None, row.product_id}


def _asked_again(row: ImageRow, request: ImageRequest, requested_at: datetime) -> ImageRow:
    correlation_id = request.correlation_id if request.correlation_id is not None else row.correlation_id
    return replace(row, requested_at=max(row.requested_at, requested_at), correlation_id=correlation_id)


def _begins(row: ImageRow, now: datetime) -> datetime:
    """Return when a repeated request of a done image is worked on: some time after the fetch before it."""
    return now if row.updated_at is None else row.updated_at + FETCHED_AGAIN_AFTER


def _is_superseded(row: ImageRow, request: ImageRequest, requested_at: datetime) -> bool:
    if row.version == 0:
        return False
    if request.external_version is not None and row.external_version is not None:
        return request.external_version <= row.external_version
    return requested_at < row.requested_at
