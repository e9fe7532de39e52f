"""Waits until the images of an import have ended, and counts how."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.imports import ImportProgress

BATCH: Final = 1000
"""Images per look."""
POLL_SECONDS: Final = 0.5
POLLS_A_REPORT: Final = 10
"""Polls after which it is asked again what limits the images: workers report every five seconds."""


@dataclass(slots=True)
class Finished:
    """How the images ended that were waited for; `bytes` are those of the stored ones."""

    stored: int = 0
    failed: int = 0
    deleted: int = 0
    bytes: int = 0

    @property
    def images(self) -> int:
        """Their total."""
        return self.stored + self.failed + self.deleted

    def add(self, row: ImageRow | None) -> None:
        """Count an image that is no longer in progress; one without a row was deleted long ago."""
        if row is None or row.state is ImageState.DELETED:
            self.deleted += 1
        elif row.state is ImageState.FAILED:
            self.failed += 1
        else:
            self.stored += 1
            self.bytes += 0 if row.shown is None else row.shown.size


async def wait_for(
    images: Iterable[ImageKey],
    repository: ImageRepository,
    progress: ImportProgress,
    limiting_server: Callable[[], Awaitable[str | None]],
    *,
    poll_seconds: float = POLL_SECONDS,
) -> Finished:
    """Sample a batch of the unfinished images at a time, in turn, until none is left; an outage is waited out.

    `limiting_server` returns the shop's own image server where that is the limit, and raises Unavailable: the progress names
    it once, and again after another one. Keeps the key of each unfinished image in memory, 200 bytes or so.
    """
    unfinished, finished = deque(images), Finished()
    total, polls, named = len(unfinished), 0, None
    while unfinished:
        if polls % POLLS_A_REPORT == 0:
            with suppress(Unavailable):  # the progress says so when the images cannot be counted
                server = await limiting_server()
                if server is not None and server != named:
                    progress.limited_by(named := server)
        polls += 1
        batch = [unfinished.popleft() for _ in range(min(BATCH, len(unfinished)))]
        try:
            rows = await repository.load(batch)
        except Unavailable as failure:
            progress.held_up(failure)
            unfinished.extend(batch)
        else:
            for key in batch:
                row = rows.get(key)
                if row is not None and row.state is ImageState.IN_PROGRESS:
                    unfinished.append(key)
                else:
                    finished.add(row)
        progress.finished(finished.images, total)
        if unfinished:
            await asyncio.sleep(poll_seconds)
    return finished
