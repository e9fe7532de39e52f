"""Name and SKU of an image's product, and what a shop's people search by. Expands only."""

import sqlalchemy
from alembic import op

revision = "0009"
down_revision = "0007"

# People type names without regard to case and accents, so the two names compare that way; a SKU is an id. The file name is virtual,
# so that no writer has to know it, and changes with the address alone.
IMAGE = """
ALTER TABLE image
    ADD COLUMN product_name VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL,
    ADD COLUMN sku VARCHAR(64) NULL,
    ADD COLUMN file_name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        AS (LEFT(SUBSTRING_INDEX(SUBSTRING_INDEX(SUBSTRING_INDEX(source_url, '#', 1), '?', 1), '/', -1), 100)) VIRTUAL,
    ADD KEY by_product_name (shop_no, product_name),
    ADD KEY by_sku (shop_no, sku),
    ADD KEY by_file_name (shop_no, file_name)
"""


def upgrade() -> None:
    """Widen the table of the images."""
    # MySQL knows no IF NOT EXISTS for columns, and a migration that died half way is run again as a whole.
    if "product_name" not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_columns("image")}:
        op.execute(IMAGE)
