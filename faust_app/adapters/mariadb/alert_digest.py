"""Counts for the daily digest: what shops lost to their own sources and files, without what is the platform's fault."""

from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.core.alerts.alert import FAULT_PREFIX, SLOT
from faust_app.core.alerts.digest import CodeCount, DigestCounts, Span
from faust_app.core.causes.suspicion import Verdict

_TOP: Final = 5
_CODES: Final = 10
_OF_SHOPS: Final = (
    "FROM alert_shop s JOIN alert a ON a.fingerprint = s.fingerprint WHERE a.severity = 'shop' AND s.slot >= %s AND s.slot < %s"
)
# Slots are not counted by release: what failed with the code while the suspected one was at work is taken for ours.
_OURS: Final = f"""(
    EXISTS (SELECT 1 FROM cause m WHERE m.fingerprint = s.fingerprint AND m.is_ours)
    OR EXISTS (
        SELECT 1 FROM suspicion x WHERE x.code = a.code AND (x.verdict IS NULL OR x.verdict <> '{Verdict.SHOPS.value}')
        AND s.slot > x.since - INTERVAL {SLOT.seconds} SECOND AND (x.ended_at IS NULL OR s.slot < x.ended_at)
    )
)"""  # noqa: S608 - made of constants
_DIGEST: Final = f"{_OF_SHOPS} AND NOT {_OURS}"
# MAX picks any fingerprint of the code: only its prefix is read, which distinguishes a fault from a failure code.
_BY_CODE: Final = (
    "SELECT a.code, MAX(a.fingerprint), SUM(s.occurrences) AS images, COUNT(DISTINCT s.shop_no), COUNT(DISTINCT a.host)"
    f" {_DIGEST} GROUP BY a.code ORDER BY images DESC, a.code LIMIT {_CODES}"
)
_TOP_HOST: Final = (
    f"SELECT a.host, SUM(s.occurrences) AS images {_DIGEST} AND a.code = %s GROUP BY a.host ORDER BY images DESC, a.host LIMIT 1"
)
_NO_FAULT: Final = f"AND a.fingerprint NOT LIKE '{FAULT_PREFIX}%%'"
_LEFT_OUT: Final = f"SELECT COALESCE(SUM(s.occurrences), 0) {_OF_SHOPS} {_NO_FAULT} AND {_OURS}"
_SHOPS: Final = f"SELECT COUNT(DISTINCT s.shop_no) {_DIGEST} {_NO_FAULT}"
_TOP_SHOPS: Final = (
    f"SELECT s.shop_no, SUM(s.occurrences) AS images {_DIGEST} {_NO_FAULT} GROUP BY s.shop_no ORDER BY images DESC, s.shop_no LIMIT {_TOP}"
)


async def count_for_digest(database: Database, span: Span) -> DigestCounts:
    """Count the images that shops lost to their own sources and files in the span. Raises Unavailable."""
    times = (span.since, span.until)
    codes = []
    for code, fingerprint, images, shops, hosts in await database.rows(_BY_CODE, times):
        ((top_host, top_images),) = await database.rows(_TOP_HOST, (*times, code))
        is_fault = fingerprint.startswith(FAULT_PREFIX)
        codes.append(CodeCount(code, is_fault, int(images), shops, hosts, top_host, int(top_images)))
    ((shops,),) = await database.rows(_SHOPS, times)
    top_shops = await database.rows(_TOP_SHOPS, times)
    ((left_out,),) = await database.rows(_LEFT_OUT, times)
    return DigestCounts(tuple(codes), shops, tuple((shop_no, int(images)) for shop_no, images in top_shops), int(left_out))
