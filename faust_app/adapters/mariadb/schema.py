"""Upgrades the database schema by alembic, and creates the coming months of the history."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Final

import pymysql
import sqlalchemy
from alembic import command
from alembic.config import Config

from faust_app.adapters.mariadb.database import INIT_COMMAND, describe
from faust_app.adapters.mariadb.retention import NAMES_OF_MONTHS, split_off
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.maintenance.retention import months_missing

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = "shop-images.schema"
_LOCK_WAIT_SECONDS: Final = 60


async def upgrade_schema(address: dict[str, str | int]) -> str:
    """Upgrade the schema to this release and create the history's coming months; safe to repeat, one process at a time.

    Returns the revision reached. Raises Unavailable when the database is unavailable.
    """
    return await asyncio.to_thread(_upgrade, address)


def _upgrade(address: dict[str, str | int]) -> str:
    def connect() -> pymysql.Connection:
        return pymysql.connect(**address, charset="utf8mb4", connect_timeout=5, init_command=INIT_COMMAND, autocommit=True)

    engine = sqlalchemy.create_engine("mysql+pymysql://", creator=connect, poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            return _upgrade_on(connection)
    except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, pymysql.err.OperationalError) as error:
        raise Unavailable(Dependency.DATABASE, f"The schema cannot be set up. {describe(getattr(error, 'orig', None) or error)}") from error
    finally:
        engine.dispose()


def _upgrade_on(connection: sqlalchemy.Connection) -> str:
    # DDL that waits behind an open transaction blocks every statement on its table that comes after it.
    connection.execute(sqlalchemy.text("SET lock_wait_timeout = 5"))
    taken = connection.execute(sqlalchemy.text("SELECT GET_LOCK(:name, :wait)"), {"name": _LOCK, "wait": _LOCK_WAIT_SECONDS}).scalar()
    if taken != 1:
        raise Unavailable(Dependency.DATABASE, f"Another process has been changing the schema for over {_LOCK_WAIT_SECONDS} s.")
    config = Config()
    # Alembic's configuration interpolates %.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _keep_months_ahead(connection)
    revision = connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
    connection.execute(sqlalchemy.text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})
    return str(revision)


def _keep_months_ahead(connection: sqlalchemy.Connection) -> None:
    """Split the missing months off the last partition, which is empty as long as this runs in time."""
    today: date = connection.execute(sqlalchemy.text("SELECT UTC_DATE()")).scalar_one()
    existing = [str(name) for name in connection.execute(sqlalchemy.text(NAMES_OF_MONTHS)).scalars()]
    for month in months_missing(existing, today):
        connection.execute(sqlalchemy.text(split_off(month)))
