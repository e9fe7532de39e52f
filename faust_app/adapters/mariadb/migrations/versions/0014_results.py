"""What is told of images: results as they are written, in the order in which they are told, and how far. Expands only."""

import secrets

from alembic import op

revision = "0014"
down_revision = "0013"

# No index but the key: every settle writes here. `body` is JSON. Shop and image are NULL where a refused record does not
# say them.
OUTBOX = """
CREATE TABLE IF NOT EXISTS result_outbox (
    id BIGINT NOT NULL AUTO_INCREMENT,
    at DATETIME(6) NOT NULL,
    shop_no BIGINT NULL,
    image_id VARBINARY(64) NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# Positions are microseconds since 1970, so that retention needs no index of its own.
FEED = """
CREATE TABLE IF NOT EXISTS result_feed (
    position BIGINT NOT NULL,
    at DATETIME(6) NOT NULL,
    shop_no BIGINT NULL,
    image_id VARBINARY(64) NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (position),
    KEY by_shop (shop_no, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# One row. Results up to `dropped_position` may be gone; those up to `published_position` are acknowledged by Kafka. `moved` and
# `published` count rows: their difference is how many wait.
SEQUENCE = """
CREATE TABLE IF NOT EXISTS result_sequence (
    id TINYINT NOT NULL,
    installation CHAR(32) CHARACTER SET ascii NOT NULL,
    last_position BIGINT NOT NULL DEFAULT 0,
    published_position BIGINT NOT NULL DEFAULT 0,
    dropped_position BIGINT NOT NULL DEFAULT 0,
    moved BIGINT NOT NULL DEFAULT 0,
    published BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


def upgrade() -> None:
    """Create the tables, and the row of the sequence."""
    for statement in (OUTBOX, FEED, SEQUENCE):
        op.execute(statement)
    op.execute(
        f"INSERT INTO result_sequence (id, installation) VALUES (1, '{secrets.token_hex(16)}')"  # noqa: S608 - hexadecimal digits
        " ON DUPLICATE KEY UPDATE id = id"
    )
