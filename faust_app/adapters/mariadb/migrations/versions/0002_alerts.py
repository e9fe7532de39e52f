"""Alerts, the shops and workers inside them, the messages about them; leases and runs of leased tasks."""

from alembic import op

revision = "0002"
down_revision = "0001"

# `code` and `severity` are what the process that counted says: a release beside this one may know more of them.
ALERT = """
CREATE TABLE IF NOT EXISTS alert (
    fingerprint VARCHAR(320) NOT NULL,
    code VARCHAR(40) CHARACTER SET ascii NOT NULL,
    host VARCHAR(255) NULL,
    severity VARCHAR(8) CHARACTER SET ascii NOT NULL,
    episode INT UNSIGNED NOT NULL DEFAULT 1,
    opened_at DATETIME(6) NOT NULL,
    last_at DATETIME(6) NOT NULL,
    occurrences BIGINT UNSIGNED NOT NULL,
    detail VARCHAR(500) NOT NULL DEFAULT '',
    sample_shop BIGINT UNSIGNED NULL,
    sample_image VARBINARY(64) NULL,
    ended_at DATETIME(6) NULL,
    closed_at DATETIME(6) NULL,
    told_at DATETIME(6) NULL,
    told_count BIGINT UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (fingerprint),
    KEY by_closed (closed_at, severity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

# One row per alert, shop and slot of five minutes: an hour, an episode and a digest are sums of slots.
ALERT_SHOP = """
CREATE TABLE IF NOT EXISTS alert_shop (
    fingerprint VARCHAR(320) NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    slot DATETIME NOT NULL,
    occurrences INT UNSIGNED NOT NULL,
    PRIMARY KEY (fingerprint, shop_no, slot),
    KEY by_slot (slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

# Which processes have a fault now: it is over when none is left.
ALERT_WORKER = """
CREATE TABLE IF NOT EXISTS alert_worker (
    fingerprint VARCHAR(320) NOT NULL,
    worker VARCHAR(120) NOT NULL,
    last_at DATETIME(6) NOT NULL,
    waiting INT UNSIGNED NOT NULL,
    PRIMARY KEY (fingerprint, worker)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

ALERT_MESSAGE = """
CREATE TABLE IF NOT EXISTS alert_message (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    webhook_id VARCHAR(40) CHARACTER SET ascii NOT NULL,
    body MEDIUMTEXT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    next_at DATETIME(6) NOT NULL,
    attempts INT UNSIGNED NOT NULL DEFAULT 0,
    last_error VARCHAR(200) NULL,
    sent_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    KEY by_created (created_at),
    KEY by_sent (sent_at, next_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

LEASE = """
CREATE TABLE IF NOT EXISTS lease (
    name VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    holder VARCHAR(120) NOT NULL,
    `until` DATETIME(6) NOT NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

JOB_RUN = """
CREATE TABLE IF NOT EXISTS job_run (
    job VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    local_date DATE NOT NULL,
    started DATETIME(6) NOT NULL,
    finished DATETIME(6) NULL,
    lease_until DATETIME(6) NULL,
    PRIMARY KEY (job, local_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the tables of the alerts."""
    for statement in (ALERT, ALERT_SHOP, ALERT_WORKER, ALERT_MESSAGE, LEASE, JOB_RUN):
        op.execute(statement)
