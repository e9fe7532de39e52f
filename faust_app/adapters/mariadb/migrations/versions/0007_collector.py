"""What the collector knows from pass to pass; garbage can be searched by image."""

from alembic import op

revision = "0007"
down_revision = "0006"

COLLECTOR = """
CREATE TABLE IF NOT EXISTS collector (
    id TINYINT UNSIGNED NOT NULL,
    passes BIGINT UNSIGNED NOT NULL DEFAULT 0,
    audited_to VARCHAR(1024) NOT NULL DEFAULT '',
    allowed_before DATETIME(6) NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the collector's only row, and index the garbage by image."""
    op.execute(COLLECTOR)
    op.execute("INSERT IGNORE INTO collector (id) VALUES (1)")
    op.execute("ALTER TABLE garbage ADD KEY IF NOT EXISTS by_image (shop_no, image_id)")
