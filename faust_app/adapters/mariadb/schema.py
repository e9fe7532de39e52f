"""Upgrades the database schema by alembic, and creates the coming months of the history."""

import asyncio
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pymysql
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from faust_app.adapters.mariadb.database import INIT_COMMAND
from faust_app.adapters.mariadb.failures import unavailable, without_tls
from faust_app.adapters.mariadb.retention import NAMES_OF_MONTHS, split_off
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.maintenance.retention import months_missing

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = "shop-images.schema"
_LOCK_WAIT_SECONDS: Final = 60


async def upgrade_schema(address: Mapping[str, Any]) -> str:
    """Upgrade the schema to this release and create the history's coming months; safe to repeat, one process at a time.

    Returns the revision reached. Raises Unavailable when the database is unavailable, Misconfigured when it does not let us in.
    """
    return await asyncio.to_thread(_upgrade, address)


def _upgrade(address: Mapping[str, Any]) -> str:
    def connect() -> pymysql.Connection:
        connection = pymysql.connect(**address, charset="utf8mb4", connect_timeout=5, init_command=INIT_COMMAND, autocommit=True)
        if "ssl" in address and not connection._secure:  # noqa: SLF001 - the driver goes on in the clear where a server has no TLS
            connection.close()
            raise without_tls()
        return connection

    engine = sqlalchemy.create_engine("mysql+pymysql://", creator=connect, poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            return _upgrade_on(connection)
    except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, pymysql.err.OperationalError) as error:
        raise unavailable(getattr(error, "orig", None) or error, "The schema cannot be set up.") from error
    finally:
        engine.dispose()


def _upgrade_on(connection: sqlalchemy.Connection) -> str:
    # DDL that waits behind an open transaction blocks every statement on its table that comes after it.
    connection.execute(sqlalchemy.text("SET lock_wait_timeout = 5"))
    taken = connection.execute(sqlalchemy.text("SELECT GET_LOCK(:name, :wait)"), {"name": _LOCK, "wait": _LOCK_WAIT_SECONDS}).scalar()
    if taken != 1:
        raise Unavailable(Dependency.DATABASE, f"Another process has been changing the schema for over {_LOCK_WAIT_SECONDS} s.")
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _keep_months_ahead(connection)
    revision = connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
    connection.execute(sqlalchemy.text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})
    return str(revision)


def known_revisions() -> tuple[str, ...]:
    """Return the revisions of the schema that this release knows, oldest first."""
    return tuple(script.revision for script in reversed(list(ScriptDirectory.from_config(_alembic()).walk_revisions())))


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))  # Alembic's configuration interpolates %
    return config


def _keep_months_ahead(connection: sqlalchemy.Connection) -> None:
    """Split the missing months off the last partition, which is empty as long as this runs in time."""
    today: date = connection.execute(sqlalchemy.text("SELECT UTC_DATE()")).scalar_one()
    existing = [str(name) for name in connection.execute(sqlalchemy.text(NAMES_OF_MONTHS)).scalars()]
    for month in months_missing(existing, today):
        connection.execute(sqlalchemy.text(split_off(month)))
