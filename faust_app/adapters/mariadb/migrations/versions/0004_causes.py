"""What people decided about the causes of failed images. Expands only."""

from alembic import op

revision = "0004"
down_revision = "0003"

# A cause without a row is open. `resolved_from` is the release of its newest failure when it was resolved.
CAUSE = """
CREATE TABLE IF NOT EXISTS cause (
    fingerprint VARCHAR(320) NOT NULL,
    resolved_at DATETIME(6) NULL,
    resolved_in VARCHAR(120) NULL,
    resolved_from VARCHAR(120) NULL,
    ignored_until DATETIME(6) NULL,
    note VARCHAR(1000) NULL,
    note_by VARCHAR(120) NULL,
    note_at DATETIME(6) NULL,
    is_ours BOOLEAN NOT NULL DEFAULT FALSE,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (fingerprint),
    KEY by_updated (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
CAUSE_ASKED = """
CREATE TABLE IF NOT EXISTS cause_asked (
    fingerprint VARCHAR(320) NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    asked_by VARCHAR(120) NOT NULL,
    asked_at DATETIME(6) NOT NULL,
    PRIMARY KEY (fingerprint, shop_no),
    KEY by_asked (asked_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in (CAUSE, CAUSE_ASKED):
        op.execute(statement)
