"""A row that is read as one JSON array is the row that its columns hold."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.core.images.row import ImageState, Origin, ScheduleReason
from faust_app.core.messages.events import Op
from faust_app.settings import Settings

Values = dict[str, Any]
MOST = 2**64 - 1
TIMES = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999))  # noqa: DTZ001 - UTC without a zone
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.text(st.sampled_from("\"'\\/\0\b\f\n\r\t\x1a\x1f\x7f\x80\u2028\u2029\ufeff\uffff😀ä"), max_size=40),
    st.sampled_from(["", "null", "true", "[1]", '{"a": 1}', '"', "\\u0000", "\\", "1e400", "NaN"]),
)
ASCII = st.text(st.characters(codec="ascii"), min_size=1, max_size=30)
COUNTS = st.one_of(st.integers(0, 255), st.sampled_from([0, 255]))
SIDES = st.one_of(st.integers(0, 2**32 - 1), st.just(2**32 - 1))
VERSIONS = st.one_of(st.integers(0, MOST), st.sampled_from([0, 2**53 + 1, 2**63, MOST]))

COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "version": VERSIONS,
    "op": st.sampled_from([each.value for each in Op]),
    "requested_at": TIMES,
    "state": st.sampled_from([each.value for each in ImageState]),
    "source_url": st.none() | TEXTS,
    "source_host": st.none() | TEXTS,
    "product_id": st.none() | TEXTS,
    "external_version": st.none() | VERSIONS,
    "correlation_id": st.none() | TEXTS,
    "attempt": COUNTS,
    "rescues": COUNTS,
    "scheduled_at": st.none() | TIMES,
    "schedule_reason": st.none() | st.sampled_from([each.value for each in ScheduleReason]),
    "error_code": st.none() | ASCII,
    "error_detail": st.none() | TEXTS,
    "fingerprint": st.none() | TEXTS,
    "open_since": st.none() | TIMES,
    "shown_version": VERSIONS,
    "updated_at": TIMES,
    "origin": st.none() | st.sampled_from([each.value for each in Origin]),
    "refetched": st.booleans(),
    "republishes": COUNTS,
    "judged_by": st.none() | TEXTS,
    "product_name": st.none() | TEXTS,
    "sku": st.none() | TEXTS,
}
POSITION: dict[str, st.SearchStrategy[Any]] = {"topic": ASCII, "partition": SIDES, "offset": VERSIONS}
SHOWN: dict[str, st.SearchStrategy[Any]] = {
    "object_key": ASCII, "shown_url": TEXTS, "sha256": st.binary(min_size=32, max_size=32), "bytes": SIDES, "content_type": ASCII,
    "width": SIDES, "height": SIDES, "source_etag": st.none() | TEXTS, "source_modified": st.none() | TEXTS,
}  # fmt: skip
IDS = st.one_of(st.binary(min_size=1, max_size=64), st.sampled_from([b"\0", b"\xff" * 64, b"00", "ä".encode()]))


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(settings.database, 2) as database:
        yield database


@with_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    image_id=IDS,
    columns=st.fixed_dictionaries(COLUMNS),
    position=st.none() | st.fixed_dictionaries(POSITION),
    shown=st.none() | st.fixed_dictionaries(SHOWN),
)
async def test_any_row_reads_as_its_columns_were_written(
    database: Database,
    shop_no: int,
    image_id: bytes,
    columns: dict[str, Any],
    position: dict[str, Any] | None,
    shown: dict[str, Any] | None,
) -> None:
    written = {"shop_no": shop_no, "image_id": image_id, **columns, **(position or {}), **(shown or {})}
    names = ", ".join(f"`{name}`" for name in written)
    await database.change(f"REPLACE INTO image ({names}) VALUES ({', '.join(['%s'] * len(written))})", list(written.values()))  # noqa: S608
    row = (await MariaImageRepository(database).load([(shop_no, image_id)]))[shop_no, image_id]
    assert {name: getattr(row, name) for name in columns} == {**columns, "origin": columns["origin"] or "shop"}
    assert (None if row.position is None else asdict(row.position)) == position
    assert (row.shown is None) == (shown is None)
    if row.shown is not None and shown is not None:
        read = {"shown_url": row.shown.url, "bytes": row.shown.size, **{f"source_{k}": v for k, v in asdict(row.shown.validators).items()}}
        assert {name: read[name] if name in read else getattr(row.shown, name) for name in shown} == shown
        assert row.shown.version == columns["shown_version"]
