"""Waits until the images of an import have ended, and counts how."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.imports import ImportProgress

BATCH: Final = 1000
"""Images per look."""
POLL_SECONDS: Final = 0.5


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
    images: Iterable[ImageKey], repository: ImageRepository, progress: ImportProgress, *, poll_seconds: float = POLL_SECONDS
) -> Finished:
    """Sample a batch of the unfinished images at a time, in turn, until none is left; an outage is waited out.

    Keeps the key of each unfinished image in memory, 200 bytes or so.
    """
    unfinished, finished = deque(images), Finished()
    total = len(unfinished)
    while unfinished:
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
