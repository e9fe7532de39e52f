"""Rows whose time has come are published: what was never sent, and what waited."""

from datetime import timedelta
from typing import Final

from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.publish import Publisher

CLAIM: Final = 500


class DuePublisher:
    """One pass claims rows under a lease and publishes them. Any number may run at once: each claims others."""

    def __init__(self, repository: ImageRepository, publisher: Publisher, *, lease: timedelta) -> None:
        self._repository = repository
        self._publisher = publisher
        self._lease = lease

    async def run_pass(self) -> int:
        """Publish everything that is due; return how many rows were. Raises Unavailable.

        A full claim is followed at once by the next. While Kafka is away one row a pass goes out as a probe.
        """
        published = 0
        while True:
            claimed = await self._repository.claim_due(1 if self._publisher.away else CLAIM, self._lease)
            sent = await self._publisher.publish(claimed)
            published += sent
            if sent < CLAIM:
                return published
