"""Which validators of an answer are kept for the next fetch."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp.test_utils import BaseTestServer

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.core.failure import FailureCode, Transient
from faust_app.core.sources.content import NO_VALIDATORS, Fetched, Validators
from tests.contracts.http.conftest import Source


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"ETag": 'W/"weak"'}, NO_VALIDATORS),
        ({"ETag": "unquoted"}, NO_VALIDATORS),
        ({"ETag": '"' + "x" * 600 + '"'}, NO_VALIDATORS),
        ({"Last-Modified": "Tue, 02 Jan 2024 03:04:05 GMT"}, Validators(None, "Tue, 02 Jan 2024 03:04:05 GMT")),
        ({"Last-Modified": format_datetime(datetime.now(UTC) + timedelta(hours=1))}, NO_VALIDATORS),  # younger than its answer
        ({"Last-Modified": "yesterday"}, NO_VALIDATORS),
        ({"Last-Modified": "Tue, 02 Jan 2024 03:04:05 GMT", "ETag": '"s"'}, Validators('"s"', "Tue, 02 Jan 2024 03:04:05 GMT")),
    ],
)
async def test_only_validators_that_can_be_trusted_are_kept(
    http: HttpFetcher, server: BaseTestServer, source: Source, headers: dict[str, str], kept: Validators
) -> None:
    source.headers = headers
    answer = await http.fetch(str(server.make_url("/a")), NO_VALIDATORS)
    assert isinstance(answer, Fetched)
    assert answer.validators == kept


@pytest.mark.parametrize("value", [b'"\xff"', b'"\xc3\xa4"', b'"a\x01"', b'"a\tb"', b'"' + b"x" * 600 + b'"'])
async def test_validators_that_are_no_short_printable_ascii_are_left_out(
    http: HttpFetcher, server: BaseTestServer, source: Source, value: bytes
) -> None:
    source.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: " + value + b"\r\nLast-Modified: " + value + b"\r\n\r\nx")
    try:
        answer = await http.fetch(str(server.make_url("/a")), NO_VALIDATORS)
    except Transient as refused:  # the parser of HTTP takes no such byte
        assert refused.code is FailureCode.SOURCE_ERROR
    else:
        assert answer == Fetched(b"x", NO_VALIDATORS)
