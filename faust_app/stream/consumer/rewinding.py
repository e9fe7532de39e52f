"""After a rebalance a partition without a committed offset begins anew."""

from collections.abc import Mapping

from faust.transport.drivers import aiokafka
from faust.types import TP


class RewindingConsumer(aiokafka.Consumer):
    """Seeks every partition before events flow again, also one of which nothing is committed: that one to its beginning.

    A fetch that was under way when the partitions moved may take records of the new assignment. Faust drops what it took and seeks
    the partitions to their committed offsets, so that it is fetched again. Faust leaves out partitions without one, where what was dropped
    would not come back: partitions that were added, and those of a new installation. Once later records are committed, they would be lost.
    """

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek all partitions, and return the committed offsets."""
        committed: Mapping[TP, int] = await super().seek_to_committed()
        if uncommitted := [tp for tp, offset in committed.items() if not offset]:
            await self._thread.seek_to_beginning(*uncommitted)
        return committed
