"""The table `intake_offset`: how far the reader of `requests` is in the rows."""

from typing import Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.messages.positions import IntakeOffset, TopicPartition

_SELECT: Final = "SELECT next_offset, appended_at FROM intake_offset WHERE topic = %s AND `partition` = %s"
_NEXT: Final = "SELECT topic, `partition`, next_offset FROM intake_offset WHERE next_offset > 0"
_ENTER: Final = """
INSERT INTO intake_offset (topic, `partition`, next_offset, updated_at) VALUES (%s, %s, 0, UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE next_offset = next_offset
"""


class MariaIntakeOffsets:
    """Implements `flows.ports.kafka.StoredOffsets` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_offsets(self) -> dict[TopicPartition, int]:
        return {(topic, partition): offset for topic, partition, offset in await self._database.rows(_NEXT)}


async def intake_offset(database: Database, topic: str, partition: int) -> IntakeOffset | None:
    """Return the partition's offset, None if nothing of it was ever taken. Raises Unavailable."""
    found = await database.rows(_SELECT, (topic, partition))
    return IntakeOffset(topic, partition, *found[0]) if found else None


async def lock_intake_offset(session: Session, topic: str, partition: int) -> IntakeOffset:
    """Lock the partition's offset inside the caller's transaction; of one that was never read it is 0."""
    session.enqueue(_ENTER, (topic, partition))
    ((next_offset, appended_at),) = await session.rows(_SELECT + " FOR UPDATE", (topic, partition))
    return IntakeOffset(topic, partition, next_offset, appended_at)
