"""What operators set for one shop. Expands only: the release before reads the rows of lanes alone."""

import sqlalchemy
from alembic import op

revision = "0012"
down_revision = "0011"

# With the subject `shop`, a row's name is `<shop_no>:<kind>`; `value` is what is set, NULL for a pause.
CONTROL = "ALTER TABLE control ADD COLUMN value DOUBLE NULL"


def upgrade() -> None:
    """Add the column, unless a migration that died half way has done it."""
    if "value" not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_columns("control")}:
        op.execute(CONTROL)
