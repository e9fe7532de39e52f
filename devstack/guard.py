"""Stops the processes of a stack whose owner died without stopping them.

The owner starts `python -m devstack.guard FOLDER` and holds the other end of its standard input. However the owner
ends, that end closes; whatever still runs according to the notes in FOLDER is then stopped, the product's processes
before the services. After an orderly stop there are no notes and nothing to do.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from devstack.process import ProcessId
from devstack.service import NOTES

CLONE = Path(__file__).resolve().parents[1]
#: Notes of processes that use the services; these are stopped first.
CLIENTS = "clients"
CLIENT_GRACE = 15.0
SERVICE_GRACE = 5.0


def watch_over(folder: Path) -> subprocess.Popen[bytes]:
    """Start a guard for `folder`; it acts when this process ends or closes the returned process's `stdin`."""
    return subprocess.Popen(
        [sys.executable, "-m", "devstack.guard", str(folder.absolute())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=CLONE,
        start_new_session=True,
    )


def dismiss(guard: subprocess.Popen[bytes]) -> None:
    """End a guard, after everything it watches was stopped."""
    if guard.stdin is not None:
        guard.stdin.close()
    guard.wait()


def left_behind(folder: Path) -> dict[str, ProcessId]:
    """Return what runs according to the notes under `folder`, by name, in stopping order."""
    notes = [*sorted((folder / CLIENTS).glob("*")), *sorted((folder / NOTES).glob("*"))]
    found = {note.name: ProcessId.noted(note) for note in notes}
    return {name: process for name, process in found.items() if process is not None and process.alive}


def stop_left_behind(folder: Path) -> dict[str, ProcessId]:
    """Stop what runs according to the notes under `folder`, remove the notes, and return what was stopped."""
    found = left_behind(folder)
    for name, process in found.items():
        process.end(CLIENT_GRACE if (folder / CLIENTS / name).exists() else SERVICE_GRACE)
    for note in [*(folder / CLIENTS).glob("*"), *(folder / NOTES).glob("*")]:
        note.unlink(missing_ok=True)
    return found


if __name__ == "__main__":
    sys.stdin.buffer.read()
    stop_left_behind(Path(sys.argv[1]))
