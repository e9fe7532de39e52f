"""The clone this package belongs to: its folders, and the exclusive right to run its stack."""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from devstack import guard
from devstack.errors import DevstackError
from devstack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devstack.process import ProcessId

STOP_LIMIT = 60.0


class Clone:
    """The working copy at `top`, whose stack lives in `top/.devstack`."""

    def __init__(self, top: Path) -> None:
        self.top = top.resolve()
        self.folder = self.top / ".devstack"
        self.env_file = self.top / ".env"
        self._lock = self.folder / "lock"
        self._detached = self.folder / "detached"

    @classmethod
    def ours(cls) -> Clone:
        """Return the clone that this file is part of."""
        return cls(Path(__file__).parents[1])

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the clone's stack for this process; raises DevstackError when another process holds it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as lock:
            if not _locked(lock):
                raise DevstackError(
                    f"the stack of this clone is already run by process {_owner(lock)}; stop it with Ctrl-C in "
                    "its terminal, or here with: .venv/bin/python -m devstack down"
                )
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield
            lock.truncate(0)

    def refuse_detached(self) -> None:
        """Raise DevstackError when services that `up` started are running."""
        if self._detached.exists() and guard.left_behind(self.folder):
            raise DevstackError(
                "the services of this clone were started by `devstack up` and are running; "
                "stop them first: .venv/bin/python -m devstack down"
            )

    def mark_detached(self) -> None:
        """Record that the services outlive the process that started them."""
        self._detached.touch()

    def stop_owner(self) -> int | None:
        """Stop the process that holds the stack and wait for its end; return its id, or None if none holds it.

        Raises DevstackError when it does not stop in time.
        """
        if not self._lock.exists():
            return None
        with self._lock.open("a+") as lock:
            if _locked(lock):
                return None
            owner = _owner(lock)
            if owner:
                with suppress(ProcessLookupError):
                    os.kill(owner, signal.SIGTERM)
            if not wait_until(lambda: _locked(lock), STOP_LIMIT, pause=0.1):
                raise DevstackError(f"process {owner}, which runs this clone's stack, does not stop; kill it")
            return owner

    def stop_left_behind(self) -> dict[str, ProcessId]:
        """Stop what runs without an owner; return what was stopped, by name."""
        self._detached.unlink(missing_ok=True)
        return guard.stop_left_behind(self.folder)


def _locked(lock: IO[str]) -> bool:
    # A lock of the kernel, because it ends with its process: a killed run leaves none behind.
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(lock: IO[str]) -> int:
    lock.seek(0)
    return int(lock.read() or 0)
