"""Accounts, their sessions and one-time log-ins, failed log-ins, and the audit's filters. Expands only."""

import sqlalchemy
from alembic import op

revision = "0003"
down_revision = "0002"

# `shops` is a JSON array of numbers; NULL means all shops.
ACCOUNT = """
CREATE TABLE IF NOT EXISTS account (
    name VARCHAR(64) NOT NULL,
    password_hash VARCHAR(200) CHARACTER SET ascii NULL,
    role VARCHAR(8) CHARACTER SET ascii NOT NULL,
    shops TEXT CHARACTER SET ascii NULL,
    created_at DATETIME(6) NOT NULL,
    disabled_at DATETIME(6) NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# Only the hash of a session's random id is stored: whoever reads the table can enter none.
SESSION = """
CREATE TABLE IF NOT EXISTS session (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    token_hash BINARY(32) NOT NULL,
    account VARCHAR(64) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    seen_at DATETIME(6) NOT NULL,
    remote VARCHAR(64) NULL,
    user_agent VARCHAR(200) NOT NULL,
    revoked_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY by_token (token_hash),
    KEY by_account (account, id),
    KEY by_seen (seen_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
ONE_TIME_LOG_IN = """
CREATE TABLE IF NOT EXISTS one_time_log_in (
    account VARCHAR(64) NOT NULL,
    code_hash BINARY(32) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    PRIMARY KEY (account),
    UNIQUE KEY by_code (code_hash),
    KEY by_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
# A count for each network and bucket of names, not on the account: an attacker's failures must not shut out the owner.
LOG_IN_FAILURE = """
CREATE TABLE IF NOT EXISTS log_in_failure (
    network VARCHAR(45) NOT NULL,
    bucket SMALLINT UNSIGNED NOT NULL,
    failures INT UNSIGNED NOT NULL,
    failed_at DATETIME(6) NOT NULL,
    PRIMARY KEY (network, bucket),
    KEY by_failed (failed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
AUDIT_KEYS = {
    "newest_by_actor": "ALTER TABLE audit ADD KEY newest_by_actor (actor, id)",
    "newest_by_action": "ALTER TABLE audit ADD KEY newest_by_action (action, id)",
}


def upgrade() -> None:
    """Create the tables of the accounts, and the keys that the page of the audit reads by."""
    for statement in (ACCOUNT, SESSION, ONE_TIME_LOG_IN, LOG_IN_FAILURE):
        op.execute(statement)
    # MySQL knows no IF NOT EXISTS for keys, and a migration that died half way is run again as a whole.
    existing = {key["name"] for key in sqlalchemy.inspect(op.get_bind()).get_indexes("audit")}
    for name, statement in AUDIT_KEYS.items():
        if name not in existing:
            op.execute(statement)
