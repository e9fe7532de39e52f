import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.__main__ import main
from devstack.clone import Clone
from devstack.ports import Ports


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    (tmp_path / "Procfile").write_text("worker: a\nweb: b\nstats: c\n")
    clone = Clone(tmp_path)
    monkeypatch.setattr(Clone, "ours", lambda: clone)
    return clone


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    ports = Ports.free()
    monkeypatch.setenv("DEVSTACK_PORT_BASE", str(ports.base))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", ports.web))
        listener.listen()
        yield ports.web


def carry_out(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["devstack", command])
    return main()


def test_what_the_user_must_mend_is_one_line_and_status_1(
    clone: Clone, taken_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out("run", monkeypatch) == 1

    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"devstack: port {taken_port}, which the web process needs, is in use")
    assert not (clone.folder / "pids").exists()


@pytest.mark.parametrize(
    ("command", "said"), [("down", "Nothing of this clone was running.\n"), ("status", "Nothing of this clone is running.\n")]
)
def test_where_nothing_runs_that_is_said(
    clone: Clone, command: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(command, monkeypatch) == 0
    assert capsys.readouterr().out == said
    assert not clone.env_file.exists()
