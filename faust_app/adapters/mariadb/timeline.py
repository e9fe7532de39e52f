"""What happened, read from the tables in which it happened: each has its own lines, and none is written twice."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from faust_app.adapters.mariadb.database import Database
from faust_app.core.failure_codes import known_code
from faust_app.core.monitoring.timeline import Happened, Happening

_IMPORT: Final = "CONCAT(shop_no, ' ', id, ' ', file_name)"
# By kind: the time, the word for what happened, what it happened to, by whom, and the table. All are ranges of small tables.
_SOURCES: Final[dict[Happened, tuple[tuple[str, str, str, str, str], ...]]] = {
    Happened.ALERT: (
        ("opened_at", "'opened'", "fingerprint", "code", "alert"),
        ("closed_at", "'ended'", "fingerprint", "code", "alert"),
    ),
    Happened.REPUBLISH: (
        ("started_at", "'started'", "id", "started_by", "republish"),
        ("ended_at", "status", "id", "NULL", "republish"),
    ),
    Happened.IMPORT: (
        ("started_at", "'begun'", _IMPORT, "started_by", "import_run"),
        ("ended_at", "status", _IMPORT, "NULL", "import_run"),
    ),
    Happened.RELEASE: (("started_at", "'started'", "name", "version", "worker"),),
    Happened.JOB: (("finished", "'finished'", "job", "NULL", "job_run"),),
    Happened.LOG_IN: (("created_at", "'logged in'", "COALESCE(remote, '')", "account", "session"),),
    Happened.CHANGE: (("at", "action", "target", "actor", "audit FORCE INDEX (by_at)"),),
}

_LEFT_OUT: Final = {Happened.CHANGE: " AND action <> 'session.log-in'"}
"""What another source has told already."""


class MariaTimeline:
    """Implements `flows.ports.monitoring.Timeline` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, since: datetime, until: datetime, kinds: Collection[Happened], limit: int) -> list[Happening]:
        found: list[Happening] = []
        for kind in kinds:
            for time, *columns, table in _SOURCES[kind]:
                sql = (
                    f"SELECT {time}, {', '.join(columns)} FROM {table}"  # noqa: S608 - our own columns
                    f" WHERE {time} > %s AND {time} <= %s{_LEFT_OUT.get(kind, '')} ORDER BY {time} DESC LIMIT %s"
                )
                found += [_happening(kind, row) for row in await self._database.rows(sql, (since, until, limit))]
        return sorted(found, key=lambda each: each.at, reverse=True)[:limit]


def _happening(kind: Happened, values: Sequence[Any]) -> Happening:
    at, what, target, who = values
    match kind:
        case Happened.ALERT:
            return Happening(at, kind, f"{_alert_name(who, target)} {what}", link="/admin/alerts")
        case Happened.REPUBLISH:
            return Happening(at, kind, f"run {target} {what}", who, f"/admin/republish/{target}")
        case Happened.IMPORT:
            shop_no, number, name = str(target).split(" ", 2)
            return Happening(at, kind, f"{name} for shop {shop_no} {what}", who, f"/admin/shops/{shop_no}/imports/{number}")
        case Happened.RELEASE:
            return Happening(at, kind, f"worker {target} {what} with release {who}")
        case Happened.JOB:
            return Happening(at, kind, f"{target} {what}")
        case Happened.LOG_IN:
            return Happening(at, kind, f"{what} from {target}" if target else str(what), who, "/admin/sessions")
        case Happened.CHANGE:
            return Happening(at, kind, f"{what}: {target}", who, f"/admin/audit?actor={quote(str(who))}")


def _alert_name(code: str, fingerprint: str) -> str:
    _, at, host = fingerprint.partition("@")
    name = code.replace("_", " ")
    return f"{name} at {host}" if at and known_code(code) is not None else name
