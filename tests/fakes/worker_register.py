"""The row of one worker in memory."""

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.monitoring.workers import WorkerLoad


class FakeWorkerRegister:
    """Implements `WorkerRegister`; `stopped` is what its row says, `away` makes every call Unavailable."""

    def __init__(self) -> None:
        self.stopped: str | None = None
        self.unavailable = False
        self.load: WorkerLoad | None = None
        self.fairness: str | None = None

    async def start(self) -> str | None:
        return await self.report()

    async def report(self) -> str | None:
        self._answer()
        return self.stopped

    async def store_load(self, load: WorkerLoad) -> None:
        self._answer()
        self.load = load

    async def store_fairness(self, text: str) -> None:
        self._answer()
        self.fairness = text

    async def stop_intake(self, reason: str) -> None:
        self._answer()
        self.stopped = reason

    def _answer(self) -> None:
        if self.unavailable:
            raise Unavailable(Dependency.DATABASE, "fake")
