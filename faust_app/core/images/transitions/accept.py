"""How a request begins a row's next version."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from faust_app.core.images.request_rules import Accepted, Decision, Superseded, Unchanged, begins_at, is_repeated, is_superseded
from faust_app.core.images.row import ImageKey, ImageRow, ImageState, Origin, ScheduleReason, source_host
from faust_app.core.messages.events import ImageRequest, Op


def placeholder(key: ImageKey, now: datetime) -> ImageRow:
    """Return the row of an image that was never heard of: version 0, below every version that is ever given.

    It is inserted only where there is no row, and removed again unless it is accepted.
    Guard (`image_repository._DROP`): `image.version = 0`.
    """
    return ImageRow(*key, 0, Op.REGISTER, now, ImageState.IN_PROGRESS)


def accept(row: ImageRow, request: ImageRequest, *, requested_at: datetime, now: datetime, lease: timedelta) -> Decision:
    """Decide a request against its locked row, a placeholder where the image is unknown.

    `requested_at` is when the request reached us, `now` the database's clock, both UTC without a zone; `lease` is how
    long the caller has to publish before another process may.
    Guard (`image_writes._WRITE_ACCEPTED`): `image.version < x.version`.
    """
    if is_superseded(row, request, requested_at):
        return Superseded(row)
    wants_it = is_repeated(row, request)
    if wants_it and (row.state is ImageState.IN_PROGRESS or row.op is Op.DELETE):
        return Unchanged(repeated(row, request, requested_at))
    begins = begins_at(row, now) if wants_it else now
    exists = row.version > 0 and row.state is not ImageState.DELETED
    op = request.op if request.op is Op.DELETE else (Op.UPDATE if exists else Op.REGISTER)
    begun = begun_anew(
        labelled(row, request),
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
    """Decide like `accept`, under its guard, but leave alone what is DONE or IN_PROGRESS with the same URL: a repeated import.

    Only the product's name and SKU are kept from it.
    """
    wants_the_same = row.version > 0 and row.op is not Op.DELETE and row.source_url == request.source_url
    if wants_the_same and row.state in {ImageState.DONE, ImageState.IN_PROGRESS}:
        return Unchanged(labelled(row, request))
    return accept(row, request, requested_at=requested_at, now=now, lease=lease)


def repeated(row: ImageRow, request: ImageRequest, requested_at: datetime) -> ImageRow:
    """Return the row as it keeps that it was asked for again: the time of the newest request, whose it is, and the labels.

    The time never goes back. Guard (`image_writes._WRITE_REPEATED`): `image.version = x.version`.
    """
    correlation_id = request.correlation_id if request.correlation_id is not None else row.correlation_id
    return replace(labelled(row, request), requested_at=max(row.requested_at, requested_at), correlation_id=correlation_id)


def labelled(row: ImageRow, request: ImageRequest) -> ImageRow:
    """Return the row with the product's name and SKU of the request, where it has them: the same object if nothing changes."""
    product_name = request.product_name if request.product_name is not None else row.product_name
    sku = request.sku if request.sku is not None else row.sku
    if (product_name, sku) == (row.product_name, row.sku):
        return row
    return replace(row, product_name=product_name, sku=sku)


def begun_anew(row: ImageRow, *, version: int, open_since: datetime, scheduled_at: datetime, reason: ScheduleReason) -> ImageRow:
    """Return the row at a new version on the shop's behalf, with nothing left of how the one before it went."""
    return replace(
        row,
        version=version,
        origin=Origin.SHOP,
        refetched=False,
        republishes=0,
        state=ImageState.IN_PROGRESS,
        attempt=0,
        rescues=0,
        error_code=None,
        error_detail=None,
        fingerprint=None,
        position=None,
        open_since=open_since,
        scheduled_at=scheduled_at,
        schedule_reason=reason,
    )


def next_version(version: int, now: datetime) -> int:
    """Return a version never given before: above the row's, and never below the clock, not even after a lost row."""
    return max(version + 1, int(now.replace(tzinfo=UTC).timestamp() * 1_000_000))
