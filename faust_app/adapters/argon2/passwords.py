"""Passwords as argon2id hashes, computed in threads of their own: the library releases the interpreter while it works."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_MEMORY_KIB: Final = 19 * 1024
"""With two passes, as OWASP asks for at least; 20 ms of one core, and 19 MiB for each hash under way."""
_PASSES: Final = 2
_THREADS: Final = 2


class Argon2Passwords:
    """Implements `flows.ports.operators.PasswordHasher`."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        return await self._in_thread(password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        # A name without an account is answered as slowly as one with it, or the time would tell which names exist.
        if self._nobodys is None:
            self._nobodys = await self._in_thread("nobody's password")
        wanted = password_hash or self._nobodys
        matches = await asyncio.get_running_loop().run_in_executor(self._threads, self._matches, wanted, password)
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    async def _in_thread(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
