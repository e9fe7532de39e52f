"""The row of one worker in memory."""

from faust_app.core.failure import Dependency, Unavailable


class FakeWorkerRegister:
    """Implements `WorkerRegister`; `stopped` is what its row says, `away` makes every call Unavailable."""

    def __init__(self) -> None:
        self.stopped: str | None = None
        self.unavailable = False

    async def start(self) -> str | None:
        return await self.report()

    async def report(self) -> str | None:
        self._answer()
        return self.stopped

    async def stop_intake(self, reason: str) -> None:
        self._answer()
        self.stopped = reason

    def _answer(self) -> None:
        if self.unavailable:
            raise Unavailable(Dependency.DATABASE, "fake")
