"""Who runs a daily job and what it found; when an image was deleted, so that its tombstone can go."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what the daily jobs keep and search by."""
    op.execute("ALTER TABLE job_run ADD COLUMN IF NOT EXISTS holder VARCHAR(120) NULL")
    op.execute("ALTER TABLE job_run ADD COLUMN IF NOT EXISTS result MEDIUMTEXT NULL")
    op.execute("ALTER TABLE image ADD COLUMN IF NOT EXISTS deleted_at DATETIME(6) NULL")
    op.execute("ALTER TABLE image ADD KEY IF NOT EXISTS by_deleted (deleted_at)")
    op.execute("UPDATE image SET deleted_at = updated_at WHERE state = 'DELETED' AND deleted_at IS NULL")
