"""Positions can be searched; a finished row has none."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Index the positions and forget those of finished rows."""
    op.execute("ALTER TABLE image ADD KEY IF NOT EXISTS by_position (topic, `partition`, `offset`)")
    op.execute("UPDATE image SET topic = NULL, `partition` = NULL, `offset` = NULL WHERE state <> 'IN_PROGRESS' AND topic IS NOT NULL")
