import signal
import subprocess
import sys
from pathlib import Path

from devstack import guard
from devstack.process import ProcessId, spawn
from devstack.waiting import wait_until

OWNER = """
import sys, time
from pathlib import Path
from devstack import guard
from devstack.process import spawn
folder = Path(sys.argv[1])
held = guard.watch_over(folder)
spawn(["sleep", "600"], log=folder / "log", note=folder / "pids" / "kafka")
spawn(["sleep", "600"], log=folder / "log", note=folder / "clients" / "worker")
print("ready", flush=True)
time.sleep(600)
"""


def test_what_a_killed_owner_started_is_stopped(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], cwd=guard.CLONE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        started = guard.left_behind(tmp_path)
        owner.kill()

    assert list(started) == ["worker", "kafka"]
    assert wait_until(lambda: not any(process.alive for process in started.values()), 15)
    assert wait_until(lambda: not list(tmp_path.glob("pids/*")), 15)


def test_a_note_of_another_process_with_the_same_id_signals_nobody(tmp_path: Path) -> None:
    process = spawn(["sleep", "600"], log=tmp_path / "log", note=tmp_path / "pids" / "valkey")
    real = ProcessId.of(process.pid)
    ProcessId(process.pid, "another time").write(tmp_path / "pids" / "valkey")

    assert guard.stop_left_behind(tmp_path) == {}
    assert real.alive
    real.signal(signal.SIGKILL)
    process.wait()


def test_a_damaged_note_is_no_process(tmp_path: Path) -> None:
    note = tmp_path / "pids" / "valkey"
    note.parent.mkdir()
    note.write_text("nonsense")

    assert guard.left_behind(tmp_path) == {}
