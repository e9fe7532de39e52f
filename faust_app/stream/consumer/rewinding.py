"""After a rebalance a partition without a committed offset begins anew."""

from collections.abc import Mapping

from faust.transport.drivers import aiokafka
from faust.types import TP


class RewindingConsumer(aiokafka.Consumer):
    """Seeks every partition before events flow again, also one of which nothing is committed: that one to its beginning.

    A fetch that was under way when the partitions moved may take records of the new assignment. Faust drops what it took and seeks
    the partitions to their committed offsets, so that it is fetched again. aiokafka leaves out those without one, or with 0: partitions
    that were added, and those of a new installation. What was dropped there would not come back, and once later records are committed it
    would be lost.
    """

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek all partitions, and return the committed offsets."""
        committed: Mapping[TP, int] = await super().seek_to_committed()
        if uncommitted := [tp for tp, offset in committed.items() if not offset]:
            # To offset 0 and not by `seek_to_beginning`, which would wait for the leader of each partition. Where the log has lost its
            # beginning, the fetch is out of range, and aiokafka goes to the earliest record.
            await self.seek_wait(dict.fromkeys(uncommitted, 0))
        return committed
