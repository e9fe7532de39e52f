"""Processes take turns: a stopped one runs only in its turn, and goes on in the end, whatever happened meanwhile."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.turn import resumed, stopped


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def wait_for(process: "subprocess.Popen[bytes]", change: int) -> None:
    """Wait until the process has stopped or gone on; it would wait for ever if it did not."""
    os.waitid(os.P_PID, process.pid, change)


def test_a_stopped_process_runs_in_its_turn_alone(process: "subprocess.Popen[bytes]") -> None:
    with stopped(process):
        wait_for(process, os.WSTOPPED)
        with resumed(process):
            wait_for(process, os.WCONTINUED)
        wait_for(process, os.WSTOPPED)
    wait_for(process, os.WCONTINUED)


def test_it_goes_on_after_an_error_and_one_that_ended_is_left_alone(process: "subprocess.Popen[bytes]") -> None:
    with pytest.raises(RuntimeError, match="why"), stopped(process), resumed(process):
        raise RuntimeError("why")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait() == 0
    with stopped(process), resumed(process):
        pass
