"""Keeps the product's processes running: one that ends is restarted after a growing pause."""

from __future__ import annotations

import shlex
import signal
import threading
import time
from typing import TYPE_CHECKING

from devstack.errors import DevstackError
from devstack.guard import CLIENTS
from devstack.process import ProcessId, kill_group, spawn
from devstack.service import LOGS
from devstack.waiting import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
#: Seconds after which a running process counts as healthy: its next pause is the first again.
HEALTHY_AFTER = 30.0
GRACE = 15.0


def procfile_commands(procfile: Path, names: Iterable[str]) -> dict[str, list[str]]:
    """Return the command lines of these processes of a Procfile, split into words; raises DevstackError if one is missing."""
    lines = (line.partition(":") for line in procfile.read_text().splitlines() if not line.startswith("#"))
    commands = {name.strip(): shlex.split(command) for name, _, command in lines}
    for name in names:
        if not commands.get(name):
            raise DevstackError(f"{procfile} has no line `{name}: COMMAND`")
    return {name: commands[name] for name in names}


class Supervisor:
    """Runs commands side by side until `stop`; their output goes to `folder/logs/NAME.log`.

    `say` is called, from any thread, with one line for each process that ended by itself.
    """

    def __init__(
        self,
        commands: Mapping[str, list[str]],
        *,
        folder: Path,
        cwd: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._processes = [
            KeptProcess(name, argv, folder=folder, cwd=cwd, environment=environment, say=say) for name, argv in commands.items()
        ]

    def start(self) -> None:
        """Start every process and return at once."""
        for process in self._processes:
            process.start()

    def stop(self, hurry: threading.Event | None = None, grace: float = GRACE) -> None:
        """Terminate all, wait up to `grace` seconds or until `hurry` is set, then kill the rest."""
        hurry = hurry or threading.Event()
        for process in self._processes:
            process.ask_to_end()
        wait_until(lambda: hurry.is_set() or not any(process.running for process in self._processes), grace)
        for process in self._processes:
            process.finish()


class KeptProcess:
    """One command that is restarted whenever it ends."""

    def __init__(
        self,
        name: str,
        argv: list[str],
        *,
        folder: Path,
        cwd: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._name = name
        self._argv = argv
        self._log = folder / LOGS / f"{name}.log"
        self._note = folder / CLIENTS / name
        self._cwd = cwd
        self._environment = environment
        self._say = say
        self._stopping = threading.Event()
        self._spawning = threading.Lock()
        self._identity: ProcessId | None = None
        self._thread = threading.Thread(target=self._keep, name=f"keep-{name}", daemon=True)

    @property
    def running(self) -> bool:
        """Whether the process exists at this moment."""
        return self._identity is not None and self._identity.alive

    def start(self) -> None:
        """Start the command and keep it running."""
        self._thread.start()

    def ask_to_end(self) -> None:
        """Stop restarting it, and send SIGTERM to its group."""
        with self._spawning:
            self._stopping.set()
        if self._identity is not None:
            self._identity.signal(signal.SIGTERM)

    def finish(self) -> None:
        """Kill its remaining processes."""
        if self._identity is not None:
            self._identity.kill()
        if self._thread.is_alive():
            self._thread.join()
        self._note.unlink(missing_ok=True)

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            begun = time.monotonic()
            ending = self._run_once()
            if self._stopping.is_set():
                return
            if time.monotonic() - begun >= HEALTHY_AFTER:
                pause = FIRST_PAUSE
            self._say(f"{self._name} {ending}; it starts again in {pause:.0f} s (log: {self._shown_log})")
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    @property
    def _shown_log(self) -> Path:
        return self._log.relative_to(self._cwd) if self._log.is_relative_to(self._cwd) else self._log

    def _run_once(self) -> str:
        try:
            process = self._spawn()
        except OSError as error:
            return f"cannot be started ({error.strerror}: {self._argv[0]})"
        if process is None:
            return "was stopped"
        status = process.wait()
        # Children that outlive their leader would hold its ports.
        kill_group(process.pid)
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._spawning:
            if self._stopping.is_set():
                return None
            process = spawn(self._argv, log=self._log, note=self._note, environment=self._environment, cwd=self._cwd)
            self._identity = ProcessId.of(process.pid)
            return process
