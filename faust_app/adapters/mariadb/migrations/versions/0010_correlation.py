"""A key of the senders' own ids, by which a search finds an image over all shops. Expands only."""

import sqlalchemy
from alembic import op

revision = "0010"
down_revision = "0009"

# Built beside the writers. An id is written once, with its request, so that no outcome touches the key.
IMAGE = "ALTER TABLE image ADD KEY by_correlation (correlation_id), ALGORITHM=INPLACE, LOCK=NONE"


def upgrade() -> None:
    """Add the key, unless a migration that died half way has done it."""
    if "by_correlation" not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_indexes("image")}:
        op.execute(IMAGE)
