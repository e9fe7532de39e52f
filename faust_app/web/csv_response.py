"""Lists as CSV files, streamed: a list of any length takes the memory of a page."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Final

from aiohttp import web

from faust_app.core.spreadsheet import cell

_AT_ONCE: Final = 500
"""Rows per write."""
_BOM: Final = "\ufeff"
"""Without it, spreadsheets read UTF-8 as the encoding of their country."""


async def csv_response(
    request: web.Request, name: str, columns: Sequence[str], rows: AsyncIterator[Sequence[object]]
) -> web.StreamResponse:
    """Answer with a CSV file of this name (ASCII, without quotes). An error after the first rows ends the connection early."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    first = [row async for row in _some(rows)]  # what fails before the first row is still answered as an error
    await response.prepare(request)
    await response.write((_BOM + _text([columns, *first])).encode("utf-8", "replace"))
    while some := [row async for row in _some(rows)]:
        await response.write(_text(some).encode("utf-8", "replace"))
    await response.write_eof()
    return response


async def _some(rows: AsyncIterator[Sequence[object]]) -> AsyncIterator[Sequence[object]]:
    for _ in range(_AT_ONCE):
        try:
            yield await anext(rows)
        except StopAsyncIteration:
            return


def _text(rows: Sequence[Sequence[object]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([cell(value) for value in row] for row in rows)
    return buffer.getvalue()
