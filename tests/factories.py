"""Rows, requests and events for tests: each name says how far the image has come."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from faust_app.core.images.objects import object_key
from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason, Shown, event_of
from faust_app.core.images.transitions.accept import placeholder
from faust_app.core.messages.events import ImageEvent, ImageRequest, Op
from faust_app.core.messages.record import Record
from faust_app.core.sources.content import Validators
from faust_app.flows.images.publish import event_json

NOW = datetime(2026, 3, 1, 12, 0, 0)  # noqa: DTZ001 - the database's times are UTC without a zone
LEASE = timedelta(seconds=20)
SOURCE = "http://source.test/a.jpg"


def make_request(shop_no: int = 7, image_id: str = "a", *, op: Op = Op.REGISTER, **values: Any) -> ImageRequest:
    if op is not Op.DELETE:
        values = {"source_url": SOURCE, **values}
    return ImageRequest(shop_no=shop_no, image_id=image_id, op=op, **values)


def unknown_row(shop_no: int = 7, image_id: bytes = b"a") -> ImageRow:
    return placeholder((shop_no, image_id), NOW)


def accepted_row(shop_no: int = 7, image_id: bytes = b"a", *, version: int = 10, **values: Any) -> ImageRow:
    row = ImageRow(
        shop_no, image_id, version, Op.REGISTER, NOW, ImageState.IN_PROGRESS, source_url=SOURCE, source_host="source.test",
        scheduled_at=NOW + LEASE, schedule_reason=ScheduleReason.UNSENT, open_since=NOW,
    )  # fmt: skip
    return replace(row, **values)


def make_shown(row: ImageRow, *, digest: bytes = b"\x01" * 32, etag: str | None = '"e1"') -> Shown:
    key = object_key(row.shop_no, row.image_id, row.version, digest.hex(), "jpg")
    return Shown(row.version, key, row.source_url or SOURCE, digest, 1234, "image/jpeg", 20, 10, Validators(etag))


def done_row(shop_no: int = 7, image_id: bytes = b"a", *, version: int = 10, **values: Any) -> ImageRow:
    row = accepted_row(shop_no, image_id, version=version)
    row = replace(
        row, state=ImageState.DONE, scheduled_at=None, schedule_reason=None, open_since=None, shown_version=version, shown=make_shown(row)
    )
    return replace(row, **values)


def make_record(event: ImageEvent | bytes | None, *, topic: str = "bulk", partition: int = 0, offset: int = 0) -> Record:
    value = event_json(event) if isinstance(event, ImageEvent) else event
    return Record(topic, partition, offset, 1_700_000_000_000, None, value)


def event_record(row: ImageRow, **values: Any) -> Record:
    return make_record(replace(event_of(row), **values))
