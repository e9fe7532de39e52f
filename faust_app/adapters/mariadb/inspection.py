"""What the database says of itself, for the self-check."""

from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.schema import known_revisions
from faust_app.core.selfcheck.alerting import FoundAlerts
from faust_app.core.selfcheck.database import FoundDatabase

_HAS_SCHEMA: Final = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'alembic_version'"
_OPEN: Final = "SHOW GLOBAL STATUS LIKE 'Threads_connected'"
_WAITING: Final = """
SELECT COUNT(*), COALESCE(TIMESTAMPDIFF(SECOND, MIN(created_at), UTC_TIMESTAMP(6)), 0),
    (SELECT last_error FROM alert_message WHERE sent_at IS NULL ORDER BY id LIMIT 1)
FROM alert_message WHERE sent_at IS NULL
"""


async def find_database(database: Database) -> FoundDatabase:
    """Read version, schema and limits. Raises Unavailable."""
    ((version, packet, connections),) = await database.rows("SELECT VERSION(), @@max_allowed_packet, @@max_connections")
    ((has_schema,),) = await database.rows(_HAS_SCHEMA)
    revision = (await database.rows("SELECT version_num FROM alembic_version"))[0][0] if has_schema else None
    ((_, open_connections),) = await database.rows(_OPEN)
    return FoundDatabase(str(version), revision, known_revisions(), int(packet), int(connections), int(open_connections))


async def find_alerts(database: Database, *, has_messenger: bool) -> FoundAlerts:
    """Read how many messages wait. Raises Unavailable."""
    ((waiting, oldest, reason),) = await database.rows(_WAITING)
    return FoundAlerts(has_messenger, int(waiting), float(oldest), reason)
