"""What every server of the stack can do: start until it answers, stop, and fail on purpose."""

from __future__ import annotations

import os
import signal
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from devstack.errors import DevstackError
from devstack.ports import refuse_taken
from devstack.process import ProcessId, spawn
from devstack.waiting import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NOTES = "pids"
LOGS = "logs"


class Service(ABC):
    """One server process of the stack, with its data under `folder / name`; it can be restarted any number of times.

    Methods may be called from any thread; `start` and `stop` of one service must not overlap.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    #: Seconds between SIGTERM and SIGKILL.
    grace: ClassVar[float] = 10.0
    #: Seconds it may take to answer after its process was started.
    start_limit: ClassVar[float] = 60.0

    def __init__(self, folder: Path, listens: Sequence[int]) -> None:
        self.data = folder / self.name
        self.log = folder / LOGS / f"{self.name}.log"
        self._note = folder / NOTES / self.name
        self._listens = listens
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: ProcessId | None = None
        self._spawning = threading.Lock()
        self._abandoned = False

    @property
    @abstractmethod
    def address(self) -> str:
        """The address for clients, as a URL or as host:port."""

    @abstractmethod
    def prepare(self) -> None:
        """Fetch what the server needs and create its data, unless that was done before."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the server's command line."""

    @abstractmethod
    def answers(self) -> bool:
        """Return whether the server does its real work now."""

    def variables(self) -> Mapping[str, str]:
        """Return the variables of the server's environment in addition to this process's."""
        return {}

    @property
    def pid(self) -> int:
        """The id of the running process; raises DevstackError when there is none."""
        if not self.running:
            raise DevstackError(f"{self.title} is not running")
        return self._running_identity().pid

    @property
    def running(self) -> bool:
        """Whether the process exists, paused or not."""
        return self._identity is not None and self._identity.alive

    def start(self) -> None:
        """Start the server on its existing data and return once it answers; do nothing when it runs.

        Raises DevstackError when a port is taken, or when it ends or does not answer within `start_limit`.
        """
        if self.running:
            return
        self._forget()
        self.prepare()
        for port in self._listens:
            refuse_taken(port, self.title)
        self._spawn()
        self._await_answer()

    def stop(self) -> None:
        """Terminate the server, after `grace` seconds by SIGKILL. Its data stays."""
        if self._identity is not None:
            self._identity.end(self.grace)
        self._forget()

    def kill(self) -> None:
        """Kill the server as a crash would; `start` restarts it."""
        if self._identity is not None:
            self._identity.kill()
        self._forget()

    def pause(self) -> None:
        """Freeze the server: its connections stay open and nothing answers, until `resume`."""
        self._running_identity().signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume a paused server."""
        self._running_identity().signal(signal.SIGCONT)

    def abandon(self) -> None:
        """Stop the server, and make a concurrent start in another thread fail."""
        with self._spawning:
            self._abandoned = True
        self.stop()

    def _running_identity(self) -> ProcessId:
        if self._identity is None:
            raise DevstackError(f"{self.title} is not running")
        return self._identity

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait()
        self._process = self._identity = None
        self._note.unlink(missing_ok=True)

    def _spawn(self) -> None:
        with self._spawning:
            if self._abandoned:
                raise DevstackError(f"the start of {self.title} was abandoned")
            environment = {**os.environ, **self.variables()}
            self._process = spawn(self.command(), log=self.log, note=self._note, environment=environment)
            self._identity = ProcessId.of(self._process.pid)

    def _await_answer(self) -> None:
        process = self._process
        if process is None:
            raise DevstackError(f"the start of {self.title} was abandoned")
        in_time = wait_until(lambda: process.poll() is not None or self.answers(), self.start_limit, pause=0.05)
        if process.poll() is not None:
            raise DevstackError(f"{self.title} ended with status {process.returncode} at its start; see {self.log}")
        if not in_time:
            raise DevstackError(f"{self.title} did not answer within {self.start_limit:.0f} s; see {self.log}")
