"""Processes that can be recognised later: started, recorded in a file, stopped by id and never by name.

A process id is reused by other programs. So a note holds the id together with the time the process started, and only a
process that matches both is ever signalled. Each process leads a separate session: a Ctrl-C at the terminal does not
reach it, and a signal to its group reaches its children.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devstack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROC = Path("/proc")
KILL_LIMIT = 10.0


@dataclass(frozen=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Return the identity of a process that exists; of one that has ended, an identity that is never alive."""
        return cls(pid, _started(pid) or "ended")

    @classmethod
    def noted(cls, note: Path) -> ProcessId | None:
        """Return the process recorded in `note`, or None when the file is missing or damaged."""
        try:
            pid, started = note.read_text().split("\n")[:2]
            return cls(int(pid), started)
        except (OSError, ValueError):
            return None

    def write(self, note: Path) -> None:
        """Record this identity for `noted`."""
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{self.pid}\n{self.started}\n")

    @property
    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return _started(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process's group, if the process is alive."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def end(self, grace: float) -> None:
        """Terminate the process, and kill its group if it still runs after `grace` seconds."""
        # A paused process would not handle SIGTERM.
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if not wait_until(lambda: not self.alive, grace):
            self.kill()

    def kill(self) -> None:
        """Kill the process's group and wait until the process is gone."""
        self.signal(signal.SIGKILL)
        wait_until(lambda: not self.alive, KILL_LIMIT)


def kill_group(leader: int) -> None:
    """Kill the remaining processes of a group whose leader has ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    note: Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a separate session, append its output to `log` and write its identity to `note`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=cwd,
            start_new_session=True,
        )
    ProcessId.of(process.pid).write(note)
    return process


def _started(pid: int) -> str | None:
    """Return when a process started, as text that serves only comparison; None when it has ended."""
    return _started_by_proc(pid) if PROC.joinpath("self", "stat").exists() else _started_by_ps(pid)


def _started_by_proc(pid: int) -> str | None:
    try:
        # The second field is the program's name in parentheses and may contain anything: count after it.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, started = fields[0], fields[19]
    return None if state in {"Z", "X"} else started


def _started_by_ps(pid: int) -> str | None:
    command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    state, _, started = subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition(" ")
    return None if not started or state.startswith("Z") else started.strip()
