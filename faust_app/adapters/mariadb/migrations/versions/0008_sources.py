"""What is known of the sources: hosts that fail or are waited for, and when each answered last."""

from alembic import op

revision = "0008"
down_revision = "0007"

# `shop_no` 0 is the host for all shops. `code` is what the process that wrote says: a release beside this one may know more.
SOURCE_HOST = """
CREATE TABLE IF NOT EXISTS source_host (
    host VARCHAR(255) NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    failures INT UNSIGNED NOT NULL DEFAULT 0,
    shops INT UNSIGNED NOT NULL DEFAULT 0,
    code VARCHAR(40) CHARACTER SET ascii NULL,
    failing_since DATETIME(6) NULL,
    failed_at DATETIME(6) NULL,
    deferred_since DATETIME(6) NULL,
    probe_at DATETIME(6) NULL,
    answered_at DATETIME(6) NULL,
    answered_for BIGINT UNSIGNED NULL,
    origin VARCHAR(300) NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (host, shop_no),
    KEY by_updated (updated_at),
    KEY by_answered (answered_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the table of the sources."""
    op.execute(SOURCE_HOST)
