"""The database's clock as a test reads it."""

from collections.abc import Callable
from datetime import datetime
from typing import cast

from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageRepository
from tests.fakes.image_repository import FakeImageRepository


class FakeClock:
    """Implements `Clock`."""

    def __init__(self, read: Callable[[], datetime]) -> None:
        self._read = read

    async def now(self) -> datetime:
        return self._read()


def clock_of(repository: ImageRepository) -> Clock:
    """Return the clock by which a repository's rows are due: the fake's own, or its database's."""
    return repository if isinstance(repository, FakeImageRepository) else cast("Clock", repository._database)  # type: ignore[attr-defined]
