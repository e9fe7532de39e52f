"""Outcomes counted by release, what is suspected of a release, who took an alert, and how a fault is recovered from. Expands only."""

import sqlalchemy
from alembic import op

revision = "0007"
down_revision = "0006"

# A row with an empty code counts all outcomes, the others failures by code and host. Each process has rows of its own, so that no
# two settle the same row.
OUTCOME_COUNT = """
CREATE TABLE IF NOT EXISTS outcome_count (
    code VARCHAR(40) CHARACTER SET ascii NOT NULL,
    slot DATETIME NOT NULL,
    judged_by VARCHAR(120) NOT NULL,
    host VARCHAR(255) NOT NULL,
    worker VARCHAR(120) NOT NULL,
    outcomes INT UNSIGNED NOT NULL,
    first_at DATETIME(6) NOT NULL,
    last_at DATETIME(6) NOT NULL,
    PRIMARY KEY (code, slot, judged_by, host, worker),
    KEY by_slot (slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
SUSPICION = """
CREATE TABLE IF NOT EXISTS suspicion (
    code VARCHAR(40) CHARACTER SET ascii NOT NULL,
    judged_by VARCHAR(120) NOT NULL,
    since DATETIME(6) NOT NULL,
    found_at DATETIME(6) NOT NULL,
    share_before DOUBLE NOT NULL,
    share_since DOUBLE NOT NULL,
    hosts INT UNSIGNED NOT NULL,
    images BIGINT UNSIGNED NOT NULL,
    ended_at DATETIME(6) NULL,
    verdict VARCHAR(8) CHARACTER SET ascii NULL,
    decided_by VARCHAR(120) NULL,
    decided_at DATETIME(6) NULL,
    PRIMARY KEY (code, judged_by),
    KEY by_ended (ended_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# `woken_at` is when people were woken by the alert, in this episode.
ALERT = """
ALTER TABLE alert
    ADD COLUMN woken_at DATETIME(6) NULL,
    ADD COLUMN taken_by VARCHAR(120) NULL,
    ADD COLUMN taken_at DATETIME(6) NULL
"""
# What a fault left to do when it was over, and when all of that was done.
ALERT_RECOVERY = """
CREATE TABLE IF NOT EXISTS alert_recovery (
    fingerprint VARCHAR(320) NOT NULL,
    episode INT UNSIGNED NOT NULL,
    opened_at DATETIME(6) NOT NULL,
    ended_at DATETIME(6) NOT NULL,
    images INT UNSIGNED NOT NULL,
    counted_at DATETIME(6) NOT NULL,
    caught_up_at DATETIME(6) NULL,
    PRIMARY KEY (fingerprint, episode),
    KEY by_caught_up (caught_up_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the tables, and widen that of the alerts."""
    # MySQL knows no IF NOT EXISTS for columns, and a migration that died half way is run again as a whole.
    if "woken_at" not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_columns("alert")}:
        op.execute(ALERT)
    for statement in (OUTCOME_COUNT, SUSPICION, ALERT_RECOVERY):
        op.execute(statement)
