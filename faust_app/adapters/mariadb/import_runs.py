"""The table `import_run`: the record of each import, continued by the same file."""

from collections.abc import Sequence
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.rejections import add_rejections
from faust_app.core.foreign import one_line
from faust_app.core.imports.catalogue import LineProblem
from faust_app.core.imports.run import ImportCounts, ImportedFile, ImportRun, ImportStatus
from faust_app.core.messages.rejection import EntryPoint, ImportLine, Rejection

_NAME_CHARACTERS: Final = 255
_COLUMNS: Final = (
    "id, shop_no, file_name, file_bytes, file_hash, file_format, refetch, status, read_bytes, entries, accepted, unchanged, superseded,"
    " rejected, started_by, started_in, started_at, continued_at, continued_from, updated_at, ended_at, problem"
)
# An import of the same file that is unfinished goes on from where it was.
_BEGIN: Final = """
INSERT INTO import_run (shop_no, open_key, file_hash, file_name, file_bytes, file_format, refetch, status, started_by, started_in,
    started_at, continued_at, updated_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, 'running', %s, %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE continued_at = UTC_TIMESTAMP(6), continued_from = read_bytes, updated_at = UTC_TIMESTAMP(6)
"""
_RECORD: Final = """
UPDATE import_run SET read_bytes = %s, entries = %s, accepted = %s, unchanged = %s, superseded = %s, rejected = %s,
    updated_at = UTC_TIMESTAMP(6)
WHERE id = %s
"""
_END: Final = """
UPDATE import_run SET status = %s, problem = %s, open_key = NULL, ended_at = UTC_TIMESTAMP(6), updated_at = UTC_TIMESTAMP(6)
WHERE id = %s
"""


class MariaImportRuns:
    """Implements `flows.ports.imports.ImportRuns` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, file: ImportedFile, started_by: str, release: str | None) -> ImportRun:
        name = one_line(file.name, _NAME_CHARACTERS)
        values = (file.shop_no, file.key, file.sha256, name, file.size, file.file_format, file.refetch, started_by, release)

        async def unit(session: Session) -> Sequence[Any]:
            session.enqueue(_BEGIN, values)
            (row,) = await session.rows(f"SELECT {_COLUMNS} FROM import_run WHERE open_key = %s", (file.key,))  # noqa: S608 - our columns
            return row

        return _run_of(await self._database.run(unit))

    async def record(self, number: int, counts: ImportCounts, rejected: Sequence[LineProblem]) -> None:
        values = (counts.read, counts.entries, counts.accepted, counts.unchanged, counts.superseded, counts.rejected, number)

        async def unit(session: Session) -> None:
            ((shop_no,),) = await session.rows("SELECT shop_no FROM import_run WHERE id = %s FOR UPDATE", (number,))
            session.enqueue(_RECORD, values)
            lines = [
                Rejection(EntryPoint.IMPORT, each.reason, each.field, shop_no, place=ImportLine(number, each.line)) for each in rejected
            ]
            add_rejections(session, lines, await session.now())

        await self._database.run(unit)

    async def end(self, number: int, status: ImportStatus, problem: str | None = None) -> None:
        await self._database.change(_END, (status.value, one_line(problem) if problem is not None else None, number))

    async def get(self, number: int) -> ImportRun | None:
        found = await self._database.rows(f"SELECT {_COLUMNS} FROM import_run WHERE id = %s", (number,))  # noqa: S608 - our own columns
        return _run_of(found[0]) if found else None

    async def of_shop(self, shop_no: int, before: int | None, limit: int) -> list[ImportRun]:
        sql = f"SELECT {_COLUMNS} FROM import_run WHERE shop_no = %s AND id < %s ORDER BY id DESC LIMIT %s"  # noqa: S608 - our own columns
        return [_run_of(row) for row in await self._database.rows(sql, (shop_no, 2**63 if before is None else before, limit))]


def _run_of(values: Sequence[Any]) -> ImportRun:
    number, shop_no, name, size, sha256, file_format, refetch, status, *rest = values
    counts, (started_by, release, started_at, continued_at, continued_from, updated_at, ended_at, problem) = rest[:6], rest[6:]
    return ImportRun(
        number,
        ImportedFile(shop_no, name, size, sha256, file_format, bool(refetch)),
        ImportStatus(status),
        ImportCounts(*counts),
        started_by,
        release,
        started_at,
        continued_at,
        continued_from,
        updated_at,
        ended_at,
        problem,
    )
