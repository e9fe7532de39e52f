"""Name and SKU of an image's product, what a shop's people search by, how they are let in, and what they test. Expands only."""

import sqlalchemy
from alembic import op

revision = "0009"
down_revision = "0008"

# The virtual columns are computed by the database, so that no writer has to know them, and an image on its usual way touches none
# of their keys but that of its product, once: `mend` is null unless the image failed, is tried again or waits for its source.
# It says which of them, whether a picture is shown, by which cause, and what failed also by which release.
#
# People type names without regard to case and accents, so the name of a product compares that way. The name of a file is in lower case
# and compares by its bytes, for its key is written with every image; a SKU is an id.
IMAGE = """
ALTER TABLE image
    ADD COLUMN product_name VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL,
    ADD COLUMN sku VARCHAR(64) NULL,
    ADD COLUMN file_name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
        AS (LOWER(LEFT(SUBSTRING_INDEX(SUBSTRING_INDEX(source_url, '?', 1), '/', -1), 100))) VIRTUAL,
    ADD COLUMN pictured BOOLEAN AS (object_key IS NOT NULL) VIRTUAL,
    ADD COLUMN mend VARCHAR(480) AS (CASE
        WHEN state = 'FAILED' THEN CONCAT_WS('\\t',
            IF(object_key IS NULL, 'failed', 'failed-shown'), COALESCE(fingerprint, error_code, ''), COALESCE(judged_by, ''))
        WHEN state = 'IN_PROGRESS' AND (error_code IS NOT NULL OR schedule_reason = 'deferred') THEN CONCAT_WS('\\t',
            IF(object_key IS NULL, 'trying', 'trying-shown'),
            COALESCE(fingerprint, CONCAT(COALESCE(error_code, ''), '@', COALESCE(source_host, ''))))
        END) VIRTUAL,
    ADD COLUMN mend_at DATETIME(6)
        AS (IF(state = 'IN_PROGRESS' AND (error_code IS NOT NULL OR schedule_reason = 'deferred'), scheduled_at, NULL)) VIRTUAL,
    DROP KEY by_product,
    ADD KEY by_product (shop_no, product_id, pictured),
    ADD KEY by_mend (shop_no, mend, product_id, mend_at),
    ADD KEY by_product_name (shop_no, product_name),
    ADD KEY by_sku (shop_no, sku),
    ADD KEY by_file_name (shop_no, file_name)
"""
SOURCE_HOST = """
ALTER TABLE source_host ADD COLUMN answer_seconds DOUBLE NULL, ADD KEY by_answered_for (answered_for, answered_at)
"""
# Only the hash of a session's random token is stored, and of a used link: whoever reads the tables can use neither.
REPORT_SESSION = """
CREATE TABLE IF NOT EXISTS report_session (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    token_hash BINARY(32) NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    rights VARCHAR(20) CHARACTER SET ascii NOT NULL,
    framed BOOLEAN NOT NULL,
    created_at DATETIME(6) NOT NULL,
    seen_at DATETIME(6) NOT NULL,
    remote VARCHAR(64) NULL,
    user_agent VARCHAR(200) NOT NULL,
    revoked_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY by_token (token_hash),
    KEY by_shop (shop_no),
    KEY by_seen (seen_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
REPORT_LINK_USE = """
CREATE TABLE IF NOT EXISTS report_link_use (
    used BINARY(32) NOT NULL,
    ends_at DATETIME(6) NOT NULL,
    PRIMARY KEY (used),
    KEY by_end (ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# `result` is JSON; a test without one, some time after it was asked for or taken, has expired.
TEST_FETCH = """
CREATE TABLE IF NOT EXISTS test_fetch (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    shop_no BIGINT UNSIGNED NOT NULL,
    url VARCHAR(4096) NOT NULL,
    asked_at DATETIME(6) NOT NULL,
    asked_by VARCHAR(120) NOT NULL,
    taken_at DATETIME(6) NULL,
    taken_by VARCHAR(120) NULL,
    result MEDIUMTEXT NULL,
    PRIMARY KEY (id),
    KEY by_shop (shop_no, asked_at),
    KEY by_taken (taken_at, asked_at),
    KEY by_asked (asked_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Widen the tables of the images and sources, and create those of the shops' sessions and test fetches."""
    # MySQL knows no IF NOT EXISTS for columns, and a migration that died half way is run again as a whole.
    for table, column, statement in (("image", "product_name", IMAGE), ("source_host", "answer_seconds", SOURCE_HOST)):
        if column not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_columns(table)}:
            op.execute(statement)
    for statement in (REPORT_SESSION, REPORT_LINK_USE, TEST_FETCH):
        op.execute(statement)
