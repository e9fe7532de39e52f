"""The workers: which release each runs, and whether its intake is stopped."""

from alembic import op

revision = "0003"
down_revision = "0002"

WORKER = """
CREATE TABLE IF NOT EXISTS worker (
    name VARCHAR(120) NOT NULL,
    version VARCHAR(120) NOT NULL,
    started_at DATETIME(6) NOT NULL,
    seen_at DATETIME(6) NOT NULL,
    stopped_at DATETIME(6) NULL,
    stop_reason VARCHAR(500) NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the table of the workers."""
    op.execute(WORKER)
