"""Measures how late a retry is beside many scheduled rows, and how fast due rows and dead letters reach Kafka."""

import time
from dataclasses import dataclass
from statistics import median

from bench.figures import p99
from bench.installation import Installation

SCHEDULED = 100_000
RETRIES = 2_000
RETRY_SECONDS = 20
DUE = 20_000
DEAD = 12_000
RETRY_SHOP, SCHEDULED_SHOP, DUE_SHOP, DEAD_SHOP = 9001, 9002, 9003, 9004

_INSERT = """
INSERT INTO image (shop_no, image_id, version, op, requested_at, state, source_url, source_host, attempt, scheduled_at,
    schedule_reason, open_since, updated_at)
SELECT {shop}, CONCAT('i', seq), 1, 'register', UTC_TIMESTAMP(6), 'IN_PROGRESS', CONCAT('{url}', seq, '?bytes=5000'), '{host}',
    {attempt}, {scheduled_at}, '{reason}', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)
FROM seq_1_to_{count}
"""
_MICROSECONDS = "CAST(UNIX_TIMESTAMP({time}) * 1000000 AS UNSIGNED)"


@dataclass(frozen=True)
class FailureFigures:
    """Lateness in seconds from a retry's scheduled time to its stored image; rates in rows per second."""

    earliest: float
    late_p50: float
    late_p99: float
    due_per_second: float
    dead_letter_seconds: float


def measure_failures(installation: Installation) -> FailureFigures:
    """Measure on rows as the product writes them."""
    _insert(installation, SCHEDULED_SHOP, SCHEDULED, scheduled_at="UTC_TIMESTAMP(6) + INTERVAL 1 DAY", attempt=1, reason="retry")
    due = _due_rate(installation)
    with installation.process("faust_app"):
        installation.until(f"SELECT COUNT(*) FROM image WHERE shop_no = {DUE_SHOP} AND state = 'DONE'", DUE)  # noqa: S608 - a constant of this file
        late = _lateness(installation)
        dead = _dead_letters(installation)
    return FailureFigures(min(late), median(late), p99(late), due, dead)


def _lateness(installation: Installation) -> list[float]:
    """Return the lateness of retries that become due one after the other; external_version holds each scheduled time."""
    scheduled_at = f"UTC_TIMESTAMP(6) + INTERVAL (10000000 + seq * {RETRY_SECONDS * 1_000_000 // RETRIES}) MICROSECOND"
    _insert(installation, RETRY_SHOP, RETRIES, scheduled_at=scheduled_at, attempt=1, reason="retry")
    installation.until(f"SELECT COUNT(*) FROM image WHERE shop_no = {RETRY_SHOP} AND state = 'DONE'", RETRIES)  # noqa: S608 - a constant of this file
    stored = (
        f"SELECT {_MICROSECONDS.format(time='h.at')} - CAST(i.external_version AS SIGNED) FROM image_history h"  # noqa: S608 - as above
        f" JOIN image i USING (shop_no, image_id) WHERE i.shop_no = {RETRY_SHOP} AND h.outcome = 'stored'"
    )
    return [microseconds / 1e6 for microseconds in installation.column(stored)]


def _due_rate(installation: Installation) -> float:
    """Return rows per second when many are due at once; a process without image work publishes them."""
    _insert(installation, DUE_SHOP, DUE, scheduled_at="UTC_TIMESTAMP(6)", attempt=0, reason="unsent")
    with installation.process("faust_app.web_app"):
        sent = f"SELECT COUNT(*) FROM image WHERE shop_no = {DUE_SHOP} AND scheduled_at IS NULL"  # noqa: S608 - a constant of this file
        installation.until(sent, DUE // 10)
        begun, before = time.monotonic(), installation.query(sent)
        installation.until(sent, DUE)
    return (DUE - before) / (time.monotonic() - begun)


def _dead_letters(installation: Installation) -> float:
    started = time.monotonic()
    _insert(installation, DEAD_SHOP, DEAD, scheduled_at="UTC_TIMESTAMP(6)", attempt=0, reason="unsent", path="/status/410/")
    installation.until(f"SELECT COUNT(*) FROM image WHERE shop_no = {DEAD_SHOP} AND state = 'FAILED'", DEAD)  # noqa: S608 - as above
    return time.monotonic() - started


def _insert(
    installation: Installation, shop: int, count: int, *, scheduled_at: str, attempt: int, reason: str, path: str = "/flat/"
) -> None:
    host = installation.source.removeprefix("http://")
    sql = _INSERT.format(
        shop=shop, url=installation.source + path, host=host, attempt=attempt, scheduled_at=scheduled_at, reason=reason, count=count
    )
    installation.execute(sql)
    kept = _MICROSECONDS.format(time="scheduled_at")  # the row itself forgets its time when it is published
    installation.execute(f"UPDATE image SET external_version = {kept} WHERE shop_no = {shop}")  # noqa: S608 - a constant of this file
