import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.errors import DevstackError
from devstack.process import ProcessId
from devstack.supervisor import Supervisor, procfile_commands
from devstack.waiting import wait_until

# Notes its start and its end; takes its time to end.
PATIENT = """
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.3)
    pathlib.Path(sys.argv[1] + ".ended").touch()
    sys.exit()
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1] + ".started").touch()
while True:
    signal.pause()
"""
STUBBORN = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1] + ".started").touch()
while True:
    signal.pause()
"""


class Kept:
    """One stand-in kept by a supervisor, and what was said about it."""

    def __init__(self, folder: Path, script: str) -> None:
        self.folder = folder
        self.said: list[str] = []
        argv = [sys.executable, "-c", script, str(folder / "stand-in")]
        self.supervisor = Supervisor({"worker": argv}, folder=folder, cwd=folder, environment=dict(os.environ), say=self.said.append)

    def start(self) -> ProcessId:
        self.supervisor.start()
        return self.await_started()

    def await_started(self) -> ProcessId:
        started = self.folder / "stand-in.started"
        assert wait_until(started.exists, 10)
        started.unlink()
        process = ProcessId.noted(self.folder / "clients" / "worker")
        assert process is not None
        return process


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path, PATIENT)
    yield kept
    kept.supervisor.stop(grace=0)


def test_what_died_is_started_again_and_said_in_one_line(patient: Kept) -> None:
    first = patient.start()

    os.kill(first.pid, signal.SIGKILL)
    second = patient.await_started()

    assert second.pid != first.pid
    assert patient.said == ["worker was ended by SIGKILL; it starts again in 1 s (log: logs/worker.log)"]


def test_stopping_lets_it_end_in_its_own_time_and_starts_it_no_more(patient: Kept) -> None:
    process = patient.start()

    patient.supervisor.stop()

    assert (patient.folder / "stand-in.ended").exists()
    assert not process.alive
    assert patient.said == []
    assert not (patient.folder / "clients" / "worker").exists()


def test_who_ignores_the_request_is_killed_after_its_grace(tmp_path: Path) -> None:
    kept = Kept(tmp_path, STUBBORN)
    process = kept.start()

    begun = time.monotonic()
    kept.supervisor.stop(grace=0.5)

    assert 0.5 <= time.monotonic() - begun < 5
    assert not process.alive


def test_a_command_that_does_not_exist_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor({"web": ["no-such-program"]}, folder=tmp_path, cwd=tmp_path, environment={}, say=said.append)

    supervisor.start()

    assert wait_until(lambda: bool(said), 10)
    supervisor.stop()
    assert said == ["web cannot be started (No such file or directory: no-such-program); it starts again in 1 s (log: logs/web.log)"]


def test_the_commands_are_those_of_the_procfile(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("# processes\nrelease: setup\nworker: faust -A 'my app' worker\nweb: serve --name=a:b\n")

    assert procfile_commands(procfile, ("worker", "web")) == {
        "worker": ["faust", "-A", "my app", "worker"],
        "web": ["serve", "--name=a:b"],
    }


def test_a_procfile_without_a_wanted_process_is_refused(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("web: serve\n")

    with pytest.raises(DevstackError, match="worker"):
        procfile_commands(procfile, ("worker", "web"))
