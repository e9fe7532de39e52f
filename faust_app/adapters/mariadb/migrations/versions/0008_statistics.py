"""What an outcome counts as, and the tables of the daily statistics. Expands only: the release before it works on."""

import sqlalchemy
from alembic import op

revision = "0008"
down_revision = "0007"

# The figures of a day are a range of `at`, those of a shop's days a range of both.
IMAGE_HISTORY = """
ALTER TABLE image_history
    ADD COLUMN counts_as VARCHAR(10) CHARACTER SET ascii NULL,
    ADD COLUMN origin VARCHAR(8) CHARACTER SET ascii NULL,
    ADD COLUMN fault VARCHAR(6) CHARACTER SET ascii NULL,
    ADD COLUMN bytes_change BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN took_ms INT UNSIGNED NULL,
    ADD KEY by_at (at),
    ADD KEY by_shop (shop_no, at)
"""
# What was stored before outcomes kept their change of bytes, as lines of no image: the sum of the changes is what is stored.
STORED_BEFORE = """
INSERT INTO image_history (at, shop_no, image_id, version, outcome, bytes_change)
SELECT UTC_TIMESTAMP(6), shop_no, '', 0, 'stored_before', SUM(bytes) FROM image WHERE object_key IS NOT NULL GROUP BY shop_no
"""
# Its only row gives each load its number, in the order of what the loads read, and keeps the zone that days are counted in. A history
# that is older than its counts is counted from `counted_from` on.
STATISTICS_STATE = """
CREATE TABLE IF NOT EXISTS statistics_state (
    id TINYINT UNSIGNED NOT NULL,
    load_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
    zone VARCHAR(64) CHARACTER SET ascii NULL,
    counted_from DATETIME(6) NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
STATISTICS_STATE_ROW = """
INSERT IGNORE INTO statistics_state (id, counted_from)
SELECT 1, IF(EXISTS (SELECT 1 FROM image_history LIMIT 1), UTC_TIMESTAMP(6), NULL)
"""
# Bytes stored for each shop at the beginning of a month.
STORED_BALANCE = """
CREATE TABLE IF NOT EXISTS stored_balance (
    month DATE NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (month, shop_no),
    KEY by_shop (shop_no, month)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# `totals` are those of each of its days when it was closed, as JSON.
STATISTICS_MONTH = """
CREATE TABLE IF NOT EXISTS statistics_month (
    month DATE NOT NULL,
    number INT UNSIGNED NOT NULL,
    closed_at DATETIME(6) NOT NULL,
    totals MEDIUMTEXT NOT NULL,
    PRIMARY KEY (month),
    UNIQUE KEY by_number (number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
STATISTICS_CORRECTION = """
CREATE TABLE IF NOT EXISTS statistics_correction (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    day DATE NOT NULL,
    at DATETIME(6) NOT NULL,
    totals_before TEXT NOT NULL,
    totals_after TEXT NOT NULL,
    reason VARCHAR(500) NOT NULL,
    status VARCHAR(9) CHARACTER SET ascii NOT NULL,
    PRIMARY KEY (id),
    KEY by_day (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# The store of an installation without ClickHouse. `lat_hist` is the histogram of times, comma-separated.
SHOP_STATS_DAILY = """
CREATE TABLE IF NOT EXISTS shop_stats_daily (
    shop_id BIGINT UNSIGNED NOT NULL,
    report_date DATE NOT NULL,
    load_id BIGINT UNSIGNED NOT NULL,
    registered INT UNSIGNED NOT NULL,
    updated INT UNSIGNED NOT NULL,
    deleted INT UNSIGNED NOT NULL,
    repaired INT UNSIGNED NOT NULL,
    failed_shop INT UNSIGNED NOT NULL,
    failed_source INT UNSIGNED NOT NULL,
    failed_ours INT UNSIGNED NOT NULL,
    retried INT UNSIGNED NOT NULL,
    dead_lettered INT UNSIGNED NOT NULL,
    rescued INT UNSIGNED NOT NULL,
    bytes_in BIGINT UNSIGNED NOT NULL,
    bytes_change BIGINT NOT NULL,
    bytes_before BIGINT NOT NULL,
    lat_count INT UNSIGNED NOT NULL,
    lat_sum_ms BIGINT UNSIGNED NOT NULL,
    lat_max_ms INT UNSIGNED NOT NULL,
    lat_hist VARCHAR(300) CHARACTER SET ascii NOT NULL,
    PRIMARY KEY (shop_id, report_date, load_id),
    KEY by_date (report_date, load_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
STATS_LOAD = """
CREATE TABLE IF NOT EXISTS stats_load (
    report_date DATE NOT NULL,
    load_id BIGINT UNSIGNED NOT NULL,
    totals TEXT CHARACTER SET ascii NOT NULL,
    loaded_at DATETIME(6) NOT NULL,
    PRIMARY KEY (report_date, load_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# A load that an operator asked for on a page; the process `stats` does it, one at a time.
STATISTICS_RUN = """
CREATE TABLE IF NOT EXISTS statistics_run (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    reason VARCHAR(500) NULL,
    asked_by VARCHAR(120) NOT NULL,
    asked_at DATETIME(6) NOT NULL,
    started_at DATETIME(6) NULL,
    ended_at DATETIME(6) NULL,
    days_done INT UNSIGNED NOT NULL DEFAULT 0,
    days_changed INT UNSIGNED NOT NULL DEFAULT 0,
    problem VARCHAR(500) NULL,
    PRIMARY KEY (id),
    KEY by_ended (ended_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Widen the history, count what is stored, and create the tables."""
    # MySQL knows no IF NOT EXISTS for columns, and a migration that died half way is run again as a whole.
    if "counts_as" not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_columns("image_history")}:
        op.execute(IMAGE_HISTORY)
    for statement in (STATISTICS_STATE, STATISTICS_STATE_ROW):  # before the lines of what is stored: they are no history
        op.execute(statement)
    if not op.get_bind().execute(sqlalchemy.text("SELECT 1 FROM image_history WHERE outcome = 'stored_before' LIMIT 1")).first():
        op.execute(STORED_BEFORE)
    for statement in (STORED_BALANCE, STATISTICS_MONTH, STATISTICS_CORRECTION, STATISTICS_RUN, SHOP_STATS_DAILY, STATS_LOAD):
        op.execute(statement)
