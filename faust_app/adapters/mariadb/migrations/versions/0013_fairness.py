"""What each worker knows of who waits for its slots. Expands only."""

import sqlalchemy
from alembic import op

revision = "0013"
down_revision = "0012"

# The JSON of `core.dispatch.fairness`, and when it was written: a worker that has stopped leaves its last one behind.
WORKER = """
ALTER TABLE worker
    ADD COLUMN fairness TEXT CHARACTER SET ascii NULL,
    ADD COLUMN fairness_at DATETIME(6) NULL
"""


def upgrade() -> None:
    """Add the columns, unless a migration that died half way has done it."""
    if "fairness" not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_columns("worker")}:
        op.execute(WORKER)
