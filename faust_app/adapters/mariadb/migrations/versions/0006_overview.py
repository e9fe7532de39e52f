"""What the overview shows: samples, and what each worker holds; and the hash by which an object's image is found. Expands only."""

import sqlalchemy
from alembic import op

revision = "0006"
down_revision = "0005"

# `history_id` is the newest line of the history that the sample counts.
SAMPLE = """
CREATE TABLE IF NOT EXISTS sample (
    at DATETIME NOT NULL,
    behind BIGINT UNSIGNED NULL,
    oldest_seconds DOUBLE NULL,
    stalled BIGINT UNSIGNED NULL,
    failed_images BIGINT UNSIGNED NULL,
    done BIGINT UNSIGNED NOT NULL,
    failed BIGINT UNSIGNED NOT NULL,
    pictureless BIGINT UNSIGNED NULL,
    history_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# The digits that `core.images.objects` names a folder with. Virtual, so that no writer has to know it; it never changes, so
# that only the insert of a row writes the key.
IMAGE = """
ALTER TABLE image
    ADD COLUMN folder INT UNSIGNED AS (CONV(LEFT(SHA2(image_id, 256), 8), 16, 10)) VIRTUAL,
    ADD KEY by_folder (shop_no, folder)
"""
WORKER = """
ALTER TABLE worker
    ADD COLUMN held INT UNSIGNED NULL,
    ADD COLUMN held_by VARCHAR(500) NULL
"""


def upgrade() -> None:
    """Create the table, and widen the two others."""
    op.execute(SAMPLE)
    # MySQL knows no IF NOT EXISTS for columns, and a migration that died half way is run again as a whole.
    for table, column, statement in (("image", "folder", IMAGE), ("worker", "held", WORKER)):
        if column not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_columns(table)}:
            op.execute(statement)
