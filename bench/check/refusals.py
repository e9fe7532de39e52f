"""What does each level of the image check refuse? Pictures harmed by rule, strange ones that are whole, and hostile files."""

import asyncio
import io
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import uvloop
from PIL import Image
from rich.console import Console
from rich.table import Table

from bench.check import simplejpeg_child
from bench.check.harm import HARMS
from devstack import hostile_files
from devstack.hostile_source import FILES
from devstack.image_source.pictures import CONTENT_TYPES, picture
from faust_app.adapters.image_check.pool import CheckPool
from faust_app.core.failure import Permanent

BYTES = 20_000
_PASSED: Final = "passed"

Judges = dict[str, CheckPool]
"""By their names in the table. A file is decoded in their children only."""


@dataclass(frozen=True, slots=True)
class Row:
    """Files of one kind, how many each judge refuses, and how many that level decode passes show another picture."""

    what: str
    files: int
    refused: dict[str, int]
    missed: int


def refusals() -> None:
    """Print what is refused, in numbers for what is harmed by rule and by code for hostile files."""
    rows, codes = uvloop.run(_judged())
    console = Console(width=150)
    table = Table("what", "files", *rows[0].refused, "another picture, passed by decode", title="refused")
    for row in rows:
        of_format = {name: str(count) if name in row.refused else "" for name, count in (rows[0].refused | row.refused).items()}
        table.add_row(row.what, str(row.files), *of_format.values(), str(row.missed))
    console.print(table)
    table = Table("hostile file", *rows[0].refused)
    for name, answers in codes.items():
        table.add_row(name, *(answers.get(judge, "") for judge in rows[0].refused))
    console.print(table)


async def _judged() -> tuple[list[Row], dict[str, dict[str, str]]]:
    async with AsyncExitStack() as stack:
        judges = {"structure": CheckPool("structure", 2), "decode": CheckPool("decode", 2)}
        if simplejpeg_child.is_installed():
            judges[simplejpeg_child.NAME] = CheckPool("decode", 2, program=simplejpeg_child.__name__)
        for judge in judges.values():
            await stack.enter_async_context(judge)
        rows = [await _row(f"{kind}, {what}", kind, whole, files, judges) for kind, what, whole, files in _harmed()]
        rows += [await _row(f"{kind}, whole: {what}", kind, file, [file], judges) for kind, what, file in _strange()]
        codes = {name: await _codes(file, _of_kind(judges, _kind(file))) for name, file in _hostile().items()}
    return rows, codes


def _harmed() -> Iterator[tuple[str, str, bytes, list[bytes]]]:
    for kind in CONTENT_TYPES:
        whole = picture("refusals", kind, BYTES)
        for what, harm in HARMS.items():
            yield kind, what, whole, list(harm(whole))
    whole = _progressive()
    for what, harm in HARMS.items():
        yield "jpg", f"progressive, {what}", whole, list(harm(whole))


def _strange() -> Iterator[tuple[str, str, bytes]]:
    """Yield pictures that every browser shows."""
    jpg = picture("refusals", "jpg", BYTES)
    for kind in CONTENT_TYPES:
        yield kind, "bytes behind its end", picture("refusals", kind, BYTES) + b"\x00" * 1000
    yield "jpg", "progressive", _progressive()
    yield "jpg", "bytes between two segments", jpg[:2] + jpg[2:].replace(b"\xff\xdb", b"\x00\x00\xff\xdb", 1)
    yield "jpg", "bytes in front of its end", jpg[:-2] + b"\x00" * 20 + jpg[-2:]
    yield "jpg", "segments without end", hostile_files.jpeg_of_segments(1000)


def _progressive() -> bytes:
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(picture("refusals", "jpg", BYTES))) as image:
        image.save(buffer, "JPEG", progressive=True, quality=85)
    return buffer.getvalue()


def _hostile() -> dict[str, bytes]:
    return {name: content for name, (_, content) in FILES.items()} | {
        "bmp": hostile_files.bmp(),
        "animated-png": hostile_files.animated_png(2**30),
        "half-png": hostile_files.half("PNG"),
        "half-jpeg": hostile_files.half("JPEG"),
        "half-gif": hostile_files.half("GIF"),
        "jpeg-of-8x8": hostile_files.jpeg(3000, 3000),
        "endless-jpeg": hostile_files.endless_jpeg(),
        "gzip": hostile_files.gzip_bomb(),
    }


async def _row(what: str, kind: str, whole: bytes, files: list[bytes], judges: Judges) -> Row:
    answers = [await _codes(file, _of_kind(judges, kind)) for file in files]
    refused = {name: sum(answer[name] != _PASSED for answer in answers) for name in answers[0]}
    shown = _shown(whole)
    missed = sum(answer["decode"] == _PASSED and _shown(file) != shown for file, answer in zip(files, answers, strict=True))
    return Row(what, len(files), refused, missed)


def _kind(content: bytes) -> str:
    return "jpg" if content.startswith(b"\xff\xd8") else ""


def _of_kind(judges: Judges, kind: str) -> Judges:
    """Return the judges that know this format."""
    return {name: judge for name, judge in judges.items() if kind == "jpg" or name != simplejpeg_child.NAME}


async def _codes(content: bytes, judges: Judges) -> dict[str, str]:
    return dict(zip(judges, await asyncio.gather(*(_code(judge, content) for judge in judges.values())), strict=True))


async def _code(judge: CheckPool, content: bytes) -> str:
    try:
        await judge.check(content)
    except Permanent as failure:
        return failure.code.value
    return _PASSED


def _shown(content: bytes) -> bytes | None:
    """Return the pixels of the first frame, None where even that cannot be decoded."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.convert("RGBA").tobytes()
    except (OSError, SyntaxError, ValueError):
        return None
