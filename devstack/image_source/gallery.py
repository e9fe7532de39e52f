"""A cache of generated pictures."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

from devstack.image_source.pictures import picture

CAPACITY = 128 * 1024 * 1024


@dataclass(frozen=True)
class Wanted:
    """Everything that decides a picture's bytes."""

    name: str
    kind: str
    size: int
    version: int

    @cached_property
    def etag(self) -> str:
        """A strong validator, known without generating the picture."""
        text = f"{self.name}\0{self.kind}\0{self.size}\0{self.version}"
        return hashlib.sha256(text.encode()).hexdigest()[:20]


class Gallery:
    """Generates pictures in threads, one at a time per address, and keeps the most recent within `capacity` bytes."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._held = 0
        self._pictures: OrderedDict[Wanted, bytes] = OrderedDict()
        self._making: dict[Wanted, asyncio.Task[bytes]] = {}

    async def picture(self, wanted: Wanted) -> bytes:
        """Return the bytes of a picture, generating them if they are not cached."""
        if wanted in self._pictures:
            self._pictures.move_to_end(wanted)
            return self._pictures[wanted]
        if wanted not in self._making:
            self._making[wanted] = asyncio.create_task(self._make(wanted))
        return await asyncio.shield(self._making[wanted])

    async def _make(self, wanted: Wanted) -> bytes:
        try:
            made = await asyncio.to_thread(picture, wanted.name, wanted.kind, wanted.size, wanted.version)
        finally:
            del self._making[wanted]
        self._keep(wanted, made)
        return made

    def _keep(self, wanted: Wanted, made: bytes) -> None:
        self._pictures[wanted] = made
        self._held += len(made)
        while self._held > self._capacity:
            _, dropped = self._pictures.popitem(last=False)
            self._held -= len(dropped)
