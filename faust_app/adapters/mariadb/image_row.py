"""The columns of `image`, and how a row of them becomes an `ImageRow`."""

from typing import Any, Final

from faust_app.core.images.row import ImageRow, ImageState, Origin, ScheduleReason, Shown
from faust_app.core.messages.events import Op
from faust_app.core.messages.positions import Position
from faust_app.core.sources.content import Validators

COLUMNS: Final = (
    "shop_no, image_id, version, op, requested_at, state, source_url, source_host, product_id, external_version,"
    " correlation_id, attempt, rescues, scheduled_at, schedule_reason, error_code, error_detail, fingerprint, open_since,"
    " topic, `partition`, `offset`, shown_version, object_key, shown_url, sha256, bytes, content_type, width, height,"
    " source_etag, source_modified, updated_at, origin, refetched, republishes, judged_by, product_name, sku"
)


def image_row(values: tuple[Any, ...]) -> ImageRow:
    """Build the row from the result of a query of COLUMNS."""
    (
        shop_no, image_id, version, op, requested_at, state, source_url, source_host, product_id, external_version,
        correlation_id, attempt, rescues, scheduled_at, schedule_reason, error_code, error_detail, fingerprint, open_since,
        topic, partition, offset, shown_version, key, shown_url, sha256, size, content_type, width, height,
        etag, modified, updated_at, origin, refetched, republishes, judged_by, product_name, sku,
    ) = values  # fmt: skip
    shown = None
    if key is not None:
        shown = Shown(shown_version, key, shown_url, sha256, size, content_type, width, height, Validators(etag, modified))
    return ImageRow(
        shop_no, image_id, version, Op(op), requested_at, ImageState(state), source_url, source_host, product_id,
        external_version, correlation_id, attempt, rescues, scheduled_at, ScheduleReason(schedule_reason) if schedule_reason else None,
        error_code, error_detail, fingerprint, open_since, None if topic is None else Position(topic, partition, offset),
        shown_version, shown, updated_at, Origin(origin) if origin else Origin.SHOP, bool(refetched), republishes, judged_by,
        product_name, sku,
    )  # fmt: skip
