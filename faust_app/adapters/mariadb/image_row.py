"""How a row of `image` is read: one JSON array a row in SQL, an `ImageRow` in Python."""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from faust_app.core.images.row import ImageRow, ImageState, Origin, ScheduleReason, Shown
from faust_app.core.messages.events import Op
from faust_app.core.messages.positions import Position
from faust_app.core.sources.content import Validators

# The driver decodes value by value, and describes each column with every result: one column of JSON costs it a fraction.
ROW: Final = (
    "JSON_ARRAY(shop_no, HEX(image_id), version, op, requested_at, state, source_url, source_host, product_id, external_version,"
    " correlation_id, attempt, rescues, scheduled_at, schedule_reason, error_code, error_detail, fingerprint, open_since,"
    " topic, `partition`, `offset`, shown_version, object_key, shown_url, HEX(sha256), bytes, content_type, width, height,"
    " source_etag, source_modified, updated_at, origin, refetched, republishes, judged_by, product_name, sku)"
)
"""The select expression of an image's row: an array in JSON, bytes in hexadecimal, times in ISO format."""

_REMEMBERED: Final = 1024
"""Rows that are remembered, some 2 MiB, ten where addresses are long: an image is read before its fetch, and locked unchanged after it."""


def image_rows(found: Iterable[tuple[Any, ...]]) -> list[ImageRow]:
    """Build the rows from the result of a query of ROW."""
    return [image_row_of(text) for (text,) in found]


@lru_cache(_REMEMBERED)
def image_row_of(text: str) -> ImageRow:
    """Build the row from the text of ROW, or return the one that was built of the same text: rows cannot be changed."""
    (
        shop_no, image_id, version, op, requested_at, state, source_url, source_host, product_id, external_version,
        correlation_id, attempt, rescues, scheduled_at, schedule_reason, error_code, error_detail, fingerprint, open_since,
        topic, partition, offset, shown_version, key, shown_url, sha256, size, content_type, width, height,
        etag, modified, updated_at, origin, refetched, republishes, judged_by, product_name, sku,
    ) = json.loads(text)  # fmt: skip
    shown = None
    if key is not None:
        shown = Shown(shown_version, key, shown_url, bytes.fromhex(sha256), size, content_type, width, height, Validators(etag, modified))
    return ImageRow(
        shop_no, bytes.fromhex(image_id), version, Op(op), datetime.fromisoformat(requested_at), ImageState(state), source_url, source_host,
        product_id, external_version, correlation_id, attempt, rescues, _time(scheduled_at),
        ScheduleReason(schedule_reason) if schedule_reason else None, error_code, error_detail, fingerprint, _time(open_since),
        None if topic is None else Position(topic, partition, offset), shown_version, shown, datetime.fromisoformat(updated_at),
        Origin(origin) if origin else Origin.SHOP, bool(refetched), republishes, judged_by, product_name, sku,
    )  # fmt: skip


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
