"""Sums the shops' failures for the daily digest, and records which dates have one."""

from datetime import date, datetime
from typing import Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.alerts.alert import FAULT_PREFIX
from faust_app.core.alerts.decide import LastDigest
from faust_app.core.alerts.digest import DIGEST, CodeCount, DigestCounts, Span

_CODES: Final = 10
_SHOPS: Final = 5

_FROM: Final = "FROM alert_shop s JOIN alert a ON a.fingerprint = s.fingerprint WHERE a.severity = 'shop' AND s.slot >= %s AND s.slot < %s"
# MAX picks any fingerprint of the code: only its prefix is read, which distinguishes a fault from a failure code.
_BY_CODE: Final = (
    "SELECT a.code, MAX(a.fingerprint), SUM(s.occurrences) AS images, COUNT(DISTINCT s.shop_no), COUNT(DISTINCT a.host)"
    f" {_FROM} GROUP BY a.code ORDER BY images DESC, a.code LIMIT {_CODES}"
)
_TOP_HOST: Final = (
    f"SELECT a.host, SUM(s.occurrences) AS images {_FROM} AND a.code = %s GROUP BY a.host ORDER BY images DESC, a.host LIMIT 1"
)
_TOP_SHOPS: Final = (
    f"SELECT s.shop_no, SUM(s.occurrences) AS images {_FROM} GROUP BY s.shop_no ORDER BY images DESC, s.shop_no LIMIT {_SHOPS}"
)


async def digest_counts(database: Database, span: Span) -> DigestCounts:
    """Count the images that failed in the span because of the shops' own sources and files. Raises Unavailable."""
    times = (span.since, span.until)
    codes = []
    for code, fingerprint, images, shops, hosts in await database.rows(_BY_CODE, times):
        ((top_host, top_images),) = await database.rows(_TOP_HOST, (*times, code))
        is_fault = fingerprint.startswith(FAULT_PREFIX)
        codes.append(CodeCount(code, is_fault, int(images), shops, hosts, top_host, int(top_images)))
    ((shops,),) = await database.rows(f"SELECT COUNT(DISTINCT s.shop_no) {_FROM}", times)
    top_shops = await database.rows(_TOP_SHOPS, times)
    return DigestCounts(tuple(codes), shops, tuple((shop_no, int(images)) for shop_no, images in top_shops))


async def last_digest(database: Database) -> LastDigest | None:
    """Return the newest recorded digest, None if there is none. Raises Unavailable."""
    sql = "SELECT local_date, started FROM job_run WHERE job = %s AND finished IS NOT NULL ORDER BY local_date DESC LIMIT 1"
    found = await database.rows(sql, (DIGEST,))
    return LastDigest(*found[0]) if found else None


async def note_digest(session: Session, day: date, now: datetime) -> None:
    """Record, in the message's transaction, that the date has its digest."""
    sql = (
        "INSERT INTO job_run (job, local_date, started, finished) VALUES (%s, %s, %s, %s)"
        " ON DUPLICATE KEY UPDATE started = VALUES(started), finished = VALUES(finished)"
    )
    await session.change(sql, (DIGEST, day, now, now))
