"""Receives a catalogue file into a temporary file, of a bounded size, so that any length takes no memory."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast, get_args

from aiohttp import BodyPartReader, web

from faust_app.core.imports.catalogue import Format
from faust_app.web.problems import Problem

T = TypeVar("T")

MAX_UPLOAD_BYTES: Final = 32 * 1024 * 1024
"""Larger files are compared at the command line, beside the database."""
_SECONDS: Final = 25.0
_CHUNK: Final = 64 * 1024
_FIELD_BYTES: Final = 200
FORMATS: Final[tuple[str, ...]] = get_args(Format)


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file, and the other fields of its form."""

    path: Path
    name: str
    fields: dict[str, str]


@asynccontextmanager
async def received_form(request: web.Request, *fields: str) -> AsyncIterator[Upload]:
    """Receive a form with a file `file` and these text fields; the file is deleted at the end. Raises Problem."""
    if request.content_type != "multipart/form-data":
        raise Problem(415, "send the form as multipart/form-data")
    with tempfile.TemporaryDirectory(prefix="shop-images-") as folder:
        yield await _within_time(_read_form(request, Path(folder) / "upload", fields))


@asynccontextmanager
async def received_body(request: web.Request) -> AsyncIterator[Path]:
    """Receive a body that is the file itself; it is deleted at the end. Raises Problem."""
    with tempfile.TemporaryDirectory(prefix="shop-images-") as folder:
        path = Path(folder) / "upload"
        await _within_time(_store(request.content.iter_chunked(_CHUNK), path))
        yield path


def format_of(text: str) -> Format:
    """Return the format of this name. Raises ValueError."""
    if text not in FORMATS:
        raise ValueError(f"must be one of {', '.join(FORMATS)}")
    return cast("Format", text)


async def _read_form(request: web.Request, path: Path, fields: tuple[str, ...]) -> Upload:
    values, name, size = dict.fromkeys(fields, ""), "", 0
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise Problem(400, "the form has a part within a part")
            if part.name == "file" and not name:
                name = (part.filename or "")[:_FIELD_BYTES]
                size = await _store(_chunks(part), path)
            elif part.name in values:
                values[part.name] = (await part.read_chunk(_FIELD_BYTES)).decode(errors="replace")
            else:
                raise Problem(400, f"the form has a field that is unknown or repeated; it has file, {', '.join(fields)}")
    except (ValueError, web.RequestPayloadError) as error:
        raise Problem(400, "the form cannot be read") from error
    if not size:
        raise Problem(400, "choose a file that is not empty", errors=[("file", "is missing or empty")])
    return Upload(path, name, values)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK):
        yield chunk


async def _store(chunks: AsyncIterator[bytes], path: Path) -> int:
    size = 0
    with path.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > MAX_UPLOAD_BYTES:
                limit = MAX_UPLOAD_BYTES // 1024 // 1024
                raise Problem(
                    413,
                    f"the file is larger than {limit} MiB; compare it with `shop-images import FILE --compare`",
                    errors=[("file", f"is larger than {limit} MiB")],
                    headers={"Connection": "close"},
                )
            file.write(chunk)
    return size


async def _within_time(work: Coroutine[Any, Any, T]) -> T:
    try:
        async with asyncio.timeout(_SECONDS):
            return await work
    except TimeoutError:
        raise Problem(408, f"the file did not arrive within {_SECONDS:.0f} s", headers={"Connection": "close"}) from None
