"""Images, their history, garbage, and the offsets of the requests' reader."""

from alembic import op

revision = "0001"
down_revision = None

IMAGE = """
CREATE TABLE IF NOT EXISTS image (
    shop_no BIGINT UNSIGNED NOT NULL,
    image_id VARBINARY(64) NOT NULL,
    product_id VARCHAR(64) NULL,
    version BIGINT UNSIGNED NOT NULL,
    external_version BIGINT UNSIGNED NULL,
    correlation_id VARCHAR(64) NULL,
    op VARCHAR(8) CHARACTER SET ascii NOT NULL,
    source_url VARCHAR(4096) NULL,
    source_host VARCHAR(255) NULL,
    requested_at DATETIME(6) NOT NULL,
    state VARCHAR(11) CHARACTER SET ascii NOT NULL,
    attempt TINYINT UNSIGNED NOT NULL DEFAULT 0,
    rescues TINYINT UNSIGNED NOT NULL DEFAULT 0,
    scheduled_at DATETIME(6) NULL,
    schedule_reason VARCHAR(11) CHARACTER SET ascii NULL,
    error_code VARCHAR(40) CHARACTER SET ascii NULL,
    error_detail VARCHAR(500) NULL,
    fingerprint VARCHAR(300) NULL,
    open_since DATETIME(6) NULL,
    topic VARCHAR(249) CHARACTER SET ascii NULL,
    `partition` INT UNSIGNED NULL,
    `offset` BIGINT UNSIGNED NULL,
    shown_version BIGINT UNSIGNED NOT NULL DEFAULT 0,
    object_key VARCHAR(160) CHARACTER SET ascii NULL,
    shown_url VARCHAR(4096) NULL,
    sha256 BINARY(32) NULL,
    bytes INT UNSIGNED NULL,
    content_type VARCHAR(40) CHARACTER SET ascii NULL,
    width INT UNSIGNED NULL,
    height INT UNSIGNED NULL,
    source_etag VARCHAR(512) NULL,
    source_modified VARCHAR(40) NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (shop_no, image_id),
    KEY by_product (shop_no, product_id),
    KEY by_scheduled (scheduled_at),
    KEY by_shop_scheduled (shop_no, schedule_reason, scheduled_at),
    KEY by_fingerprint (fingerprint),
    KEY by_open_since (open_since)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

IMAGE_HISTORY = """
CREATE TABLE IF NOT EXISTS image_history (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    at DATETIME(6) NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    image_id VARBINARY(64) NOT NULL,
    version BIGINT UNSIGNED NOT NULL,
    outcome VARCHAR(16) CHARACTER SET ascii NOT NULL,
    code VARCHAR(40) CHARACTER SET ascii NULL,
    detail VARCHAR(500) NULL,
    bytes INT UNSIGNED NULL,
    PRIMARY KEY (id, at),
    KEY by_image (shop_no, image_id, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
PARTITION BY RANGE COLUMNS(at) (PARTITION later VALUES LESS THAN (MAXVALUE))
"""

GARBAGE = """
CREATE TABLE IF NOT EXISTS garbage (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    shop_no BIGINT UNSIGNED NOT NULL,
    image_id VARBINARY(64) NOT NULL,
    target VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    due_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    KEY by_due (due_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

INTAKE_OFFSET = """
CREATE TABLE IF NOT EXISTS intake_offset (
    topic VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `partition` INT UNSIGNED NOT NULL,
    next_offset BIGINT UNSIGNED NOT NULL,
    appended_at DATETIME(3) NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (topic, `partition`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the tables of the engine."""
    for statement in (IMAGE, IMAGE_HISTORY, GARBAGE, INTAKE_OFFSET):
        op.execute(statement)
