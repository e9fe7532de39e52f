"""Sources in memory."""

import asyncio

from faust_app.core.failure import Failure, FailureCode, Permanent
from faust_app.core.sources.content import Fetched, NotModified, Validators


class FakeFetcher:
    """Implements `Fetcher`: an address answers with its bytes and ETag, or with its failure, once `gate` is open."""

    def __init__(self) -> None:
        self.sources: dict[str, Fetched | Failure | Exception] = {}
        self.fetched: list[tuple[str, Validators]] = []
        self.reachable = True
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        await asyncio.sleep(0)
        self.fetched.append((url, validators))
        await self.gate.wait()
        answer = self.sources.get(url, Permanent(FailureCode.SOURCE_NOT_FOUND, "status 404"))
        if isinstance(answer, Exception):
            raise answer
        if validators.etag is not None and validators.etag == answer.validators.etag:
            return NotModified()
        return answer

    async def connects(self, origin: str) -> bool:
        self.asked.append(origin)
        return self.reachable
