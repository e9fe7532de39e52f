"""What operators set for all workers. Expands only."""

from alembic import op

revision = "0011"
down_revision = "0010"

# `subject` and `name` are a lane and its name; a row is a pause, until `ends_at` where that is set.
CONTROL = """
CREATE TABLE IF NOT EXISTS control (
    subject VARCHAR(10) CHARACTER SET ascii NOT NULL,
    name VARCHAR(32) CHARACTER SET ascii NOT NULL,
    reason VARCHAR(200) NOT NULL,
    actor VARCHAR(120) NOT NULL,
    paused_at DATETIME(6) NOT NULL,
    ends_at DATETIME(6) NULL,
    PRIMARY KEY (subject, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(CONTROL)
