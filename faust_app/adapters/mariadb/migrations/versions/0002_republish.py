"""Bulk republish, the release that judged each outcome, and the audit. Expands only: the release before it works on."""

import sqlalchemy
from alembic import op

revision = "0002"
down_revision = "0001"

# `refetched` marks a good image that is fetched once more and stays good if that fails. The hash of the address serves the
# search, and is virtual, so that no writer has to know it.
IMAGE = """
ALTER TABLE image
    ADD COLUMN origin VARCHAR(8) CHARACTER SET ascii NULL,
    ADD COLUMN refetched BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN republishes TINYINT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN judged_by VARCHAR(120) NULL,
    ADD COLUMN source_hash INT UNSIGNED AS (CRC32(source_url)) VIRTUAL,
    ADD KEY by_source (source_hash),
    ADD KEY by_host (source_host),
    ADD KEY by_cause (fingerprint, state),
    DROP KEY by_fingerprint
"""
IMAGE_HISTORY = """
ALTER TABLE image_history
    ADD COLUMN judged_by VARCHAR(120) NULL,
    ADD COLUMN worker VARCHAR(120) NULL
"""
# `paced_to` is the time up to which the rate is used. Equal selections have equal hashes: two operators who start the same get
# one run.
REPUBLISH = """
CREATE TABLE IF NOT EXISTS republish (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    request_key VARCHAR(240) NULL,
    selection MEDIUMTEXT NOT NULL,
    selection_hash BINARY(32) NOT NULL,
    status VARCHAR(10) CHARACTER SET ascii NOT NULL,
    rate DOUBLE NOT NULL,
    paced_to DATETIME(6) NULL,
    reason VARCHAR(500) NULL,
    planned_by VARCHAR(120) NOT NULL,
    planned_at DATETIME(6) NOT NULL,
    started_by VARCHAR(120) NULL,
    started_at DATETIME(6) NULL,
    ended_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY by_request_key (request_key),
    KEY by_selection (selection_hash),
    KEY by_status (status),
    KEY by_planned (planned_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# `former_*` are what taking back restores, written when the image is published again.
REPUBLISH_ITEM = """
CREATE TABLE IF NOT EXISTS republish_item (
    run_id BIGINT UNSIGNED NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    image_id VARBINARY(64) NOT NULL,
    version BIGINT UNSIGNED NOT NULL,
    former_state VARCHAR(11) CHARACTER SET ascii NOT NULL,
    former_code VARCHAR(40) CHARACTER SET ascii NULL,
    status VARCHAR(20) CHARACTER SET ascii NOT NULL,
    new_version BIGINT UNSIGNED NULL,
    former_requested_at DATETIME(6) NULL,
    former_detail VARCHAR(500) NULL,
    former_cause VARCHAR(300) NULL,
    former_judged_by VARCHAR(120) NULL,
    code VARCHAR(40) CHARACTER SET ascii NULL,
    PRIMARY KEY (run_id, shop_no, image_id),
    KEY by_status (run_id, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
AUDIT = """
CREATE TABLE IF NOT EXISTS audit (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    at DATETIME(6) NOT NULL,
    actor VARCHAR(120) NOT NULL,
    remote VARCHAR(64) NULL,
    action VARCHAR(40) CHARACTER SET ascii NOT NULL,
    target VARCHAR(200) NOT NULL,
    detail MEDIUMTEXT NULL,
    PRIMARY KEY (id),
    KEY by_at (at),
    KEY by_actor (actor, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Widen the tables of the images, and create those of the republish runs and of the audit."""
    # MySQL knows no IF NOT EXISTS for columns, and a migration that died half way is run again as a whole.
    for table, column, statement in (("image", "origin", IMAGE), ("image_history", "judged_by", IMAGE_HISTORY)):
        if column not in {found["name"] for found in sqlalchemy.inspect(op.get_bind()).get_columns(table)}:
            op.execute(statement)
    for statement in (REPUBLISH, REPUBLISH_ITEM, AUDIT):
        op.execute(statement)
