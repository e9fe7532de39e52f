"""The schema. Each statement is safe to repeat: one that died half way is run again as a whole.

A later change is a migration of its own, which expands first: for a while two releases work on one schema.
"""

from alembic import op

revision = "0001"
down_revision = None

# `topic`, `partition` and `offset` are set while the event is in Kafka, `scheduled_at` while it is not; a finished row has neither.
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
    deleted_at DATETIME(6) NULL,
    PRIMARY KEY (shop_no, image_id),
    KEY by_product (shop_no, product_id),
    KEY by_scheduled (scheduled_at),
    KEY by_shop_scheduled (shop_no, schedule_reason, scheduled_at),
    KEY by_fingerprint (fingerprint),
    KEY by_open_since (open_since),
    KEY by_position (topic, `partition`, `offset`),
    KEY by_state (state, shop_no),
    KEY by_deleted (deleted_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

# By months, which `setup` and the retention split off `later` and drop: deleting row by row would cost more than writing them.
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
    KEY by_due (due_at),
    KEY by_image (shop_no, image_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

COLLECTOR = """
CREATE TABLE IF NOT EXISTS collector (
    id TINYINT UNSIGNED NOT NULL,
    passes BIGINT UNSIGNED NOT NULL DEFAULT 0,
    audited_to VARCHAR(1024) NOT NULL DEFAULT '',
    allowed_before DATETIME(6) NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

# Its only row.
COLLECTOR_ROW = "INSERT IGNORE INTO collector (id) VALUES (1)"

# How far the reader of `requests` is in the rows: written with them, so that no record is taken twice.
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

# `shop_no` 0 is the host for all shops. `code` is what the process that wrote says: a release beside this one may know more.
SOURCE_HOST = """
CREATE TABLE IF NOT EXISTS source_host (
    host VARCHAR(255) NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    failures INT UNSIGNED NOT NULL DEFAULT 0,
    shops INT UNSIGNED NOT NULL DEFAULT 0,
    code VARCHAR(40) CHARACTER SET ascii NULL,
    failing_since DATETIME(6) NULL,
    failed_at DATETIME(6) NULL,
    deferred_since DATETIME(6) NULL,
    probe_at DATETIME(6) NULL,
    answered_at DATETIME(6) NULL,
    answered_for BIGINT UNSIGNED NULL,
    origin VARCHAR(300) NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (host, shop_no),
    KEY by_updated (updated_at),
    KEY by_answered (answered_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

# `code` and `severity` are what the process that counted says: a release beside this one may know more of them.
ALERT = """
CREATE TABLE IF NOT EXISTS alert (
    fingerprint VARCHAR(320) NOT NULL,
    code VARCHAR(40) CHARACTER SET ascii NOT NULL,
    host VARCHAR(255) NULL,
    severity VARCHAR(8) CHARACTER SET ascii NOT NULL,
    episode INT UNSIGNED NOT NULL DEFAULT 1,
    opened_at DATETIME(6) NOT NULL,
    last_at DATETIME(6) NOT NULL,
    occurrences BIGINT UNSIGNED NOT NULL,
    detail VARCHAR(500) NOT NULL DEFAULT '',
    sample_shop BIGINT UNSIGNED NULL,
    sample_image VARBINARY(64) NULL,
    ended_at DATETIME(6) NULL,
    closed_at DATETIME(6) NULL,
    reported_at DATETIME(6) NULL,
    reported_count BIGINT UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (fingerprint),
    KEY by_closed (closed_at, severity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

# One row per alert, shop and slot of five minutes: an hour, an episode and a digest are sums of slots.
ALERT_SHOP = """
CREATE TABLE IF NOT EXISTS alert_shop (
    fingerprint VARCHAR(320) NOT NULL,
    shop_no BIGINT UNSIGNED NOT NULL,
    slot DATETIME NOT NULL,
    occurrences INT UNSIGNED NOT NULL,
    PRIMARY KEY (fingerprint, shop_no, slot),
    KEY by_slot (slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

# Which processes have a fault now: it is over when none is left.
ALERT_WORKER = """
CREATE TABLE IF NOT EXISTS alert_worker (
    fingerprint VARCHAR(320) NOT NULL,
    worker VARCHAR(120) NOT NULL,
    last_at DATETIME(6) NOT NULL,
    waiting INT UNSIGNED NOT NULL,
    PRIMARY KEY (fingerprint, worker)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

ALERT_MESSAGE = """
CREATE TABLE IF NOT EXISTS alert_message (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    webhook_id VARCHAR(40) CHARACTER SET ascii NOT NULL,
    body MEDIUMTEXT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    next_at DATETIME(6) NOT NULL,
    attempts INT UNSIGNED NOT NULL DEFAULT 0,
    last_error VARCHAR(200) NULL,
    sent_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    KEY by_created (created_at),
    KEY by_sent (sent_at, next_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

LEASE = """
CREATE TABLE IF NOT EXISTS lease (
    name VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    holder VARCHAR(120) NOT NULL,
    `until` DATETIME(6) NOT NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

# One row per daily job and date; a lease named after both says who runs it.
JOB_RUN = """
CREATE TABLE IF NOT EXISTS job_run (
    job VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    local_date DATE NOT NULL,
    started DATETIME(6) NOT NULL,
    finished DATETIME(6) NULL,
    result MEDIUMTEXT NULL,
    PRIMARY KEY (job, local_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""

WORKER = """
CREATE TABLE IF NOT EXISTS worker (
    name VARCHAR(120) NOT NULL,
    version VARCHAR(120) NOT NULL,
    started_at DATETIME(6) NOT NULL,
    seen_at DATETIME(6) NOT NULL,
    stopped_at DATETIME(6) NULL,
    stop_reason VARCHAR(500) NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""


TABLES = (
    IMAGE, IMAGE_HISTORY, GARBAGE, COLLECTOR, COLLECTOR_ROW, INTAKE_OFFSET, SOURCE_HOST,
    ALERT, ALERT_SHOP, ALERT_WORKER, ALERT_MESSAGE, LEASE, JOB_RUN, WORKER,
)  # fmt: skip


def upgrade() -> None:
    """Create the tables."""
    for statement in TABLES:
        op.execute(statement)
