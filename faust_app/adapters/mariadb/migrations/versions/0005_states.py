"""Failed rows can be counted and listed without reading the others."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Index the states."""
    op.execute("ALTER TABLE image ADD KEY IF NOT EXISTS by_state (state, shop_no)")
