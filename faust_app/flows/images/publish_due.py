"""Publishes scheduled rows whose time has come: unsent, retried, deferred and rescued ones alike."""

from datetime import timedelta
from typing import Final

from faust_app.flows.images.publish import Publisher
from faust_app.flows.ports.images import ImageRepository

CLAIM: Final = 500
"""Rows per claim."""


class DuePublisher:
    """Each pass leases due rows and publishes them. Any number may run at once: each claims different rows."""

    def __init__(self, repository: ImageRepository, publisher: Publisher, *, lease: timedelta) -> None:
        self._repository = repository
        self._publisher = publisher
        self._lease = lease

    async def run_pass(self) -> int:
        """Publish everything due; return how many rows. Raises Unavailable.

        A full claim is followed at once by the next. While Kafka is unavailable, a pass sends one row as a probe.
        """
        published = 0
        while True:
            # Lease before publish: the claim is committed first, so a crash in between leaves the rows due again.
            claimed = await self._repository.claim_due(1 if self._publisher.away else CLAIM, self._lease)
            sent = await self._publisher.publish(claimed)
            published += sent
            if sent < CLAIM:
                return published
