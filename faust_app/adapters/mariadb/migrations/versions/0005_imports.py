"""Imports and what the entry points refused. Expands only."""

from alembic import op

revision = "0005"
down_revision = "0004"

# `open_key` names the file and its shop while the import is unfinished: the same file continues it, whoever begins it.
IMPORT_RUN = """
CREATE TABLE IF NOT EXISTS import_run (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    shop_no BIGINT UNSIGNED NOT NULL,
    open_key BINARY(32) NULL,
    file_hash BINARY(32) NOT NULL,
    file_name VARCHAR(255) NOT NULL,
    file_bytes BIGINT UNSIGNED NOT NULL,
    file_format VARCHAR(16) CHARACTER SET ascii NOT NULL,
    refetch BOOLEAN NOT NULL,
    status VARCHAR(10) CHARACTER SET ascii NOT NULL,
    read_bytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
    entries BIGINT UNSIGNED NOT NULL DEFAULT 0,
    accepted BIGINT UNSIGNED NOT NULL DEFAULT 0,
    unchanged BIGINT UNSIGNED NOT NULL DEFAULT 0,
    superseded BIGINT UNSIGNED NOT NULL DEFAULT 0,
    rejected BIGINT UNSIGNED NOT NULL DEFAULT 0,
    started_by VARCHAR(120) NOT NULL,
    started_in VARCHAR(120) NULL,
    started_at DATETIME(6) NOT NULL,
    continued_at DATETIME(6) NOT NULL,
    continued_from BIGINT UNSIGNED NOT NULL DEFAULT 0,
    updated_at DATETIME(6) NOT NULL,
    ended_at DATETIME(6) NULL,
    problem VARCHAR(500) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY by_open_key (open_key),
    KEY by_shop (shop_no, id),
    KEY by_updated (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# `shop_no` 0 stands for a shop that is not known. A record is kept once, however often it is read.
REJECTION = """
CREATE TABLE IF NOT EXISTS rejection (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    at DATETIME(6) NOT NULL,
    entry_point VARCHAR(10) CHARACTER SET ascii NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL DEFAULT 0,
    image_id VARBINARY(64) NULL,
    sender VARCHAR(120) NULL,
    field VARCHAR(120) NULL,
    reason VARCHAR(500) NOT NULL,
    run_id BIGINT UNSIGNED NULL,
    line BIGINT UNSIGNED NULL,
    topic VARCHAR(249) CHARACTER SET ascii NULL,
    `partition` INT UNSIGNED NULL,
    `offset` BIGINT UNSIGNED NULL,
    bytes INT UNSIGNED NULL,
    start_of_record VARBINARY(1000) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY by_record (topic, `partition`, `offset`),
    KEY by_shop (shop_no, id),
    KEY by_run (run_id, id),
    KEY by_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in (IMPORT_RUN, REJECTION):
        op.execute(statement)
