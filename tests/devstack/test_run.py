from pathlib import Path
from typing import Any

import pytest

from devstack.clone import Clone
from devstack.errors import DevstackError
from devstack.interruption import Interrupted, Interruption
from devstack.ports import Ports
from devstack.product import Imported, Product
from devstack.run import Session, run
from devstack.stack import Stack
from devstack.supervisor import Supervisor


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    (tmp_path / "Procfile").write_text("worker: a\nweb: b\nstats: c\n")
    return Clone(tmp_path)


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record what a session does with its services, its processes and the product, without starting any."""
    done: list[str] = []

    def record(target: Any, name: str, word: str, answer: object = None) -> None:
        def act(*_args: object, **_options: object) -> object:
            done.append(word)
            return answer

        monkeypatch.setattr(target, name, act)

    record(Stack, "up", "services up")
    record(Stack, "down", "services down")
    record(Supervisor, "start", "processes up")
    record(Supervisor, "stop", "processes down")
    record(Product, "setup", "setup")
    record(Product, "import_catalogue", "import", Imported(stored=3))
    record(Product, "admin_address", "admin", "http://127.0.0.1:1/admin/log-in/one-time#code")
    monkeypatch.setattr("devstack.run.await_ready", lambda *_: done.append("ready"))
    monkeypatch.setattr("devstack.run.write_sample_history", lambda *_: done.append("history"))
    return done


def interrupted(_session: Session) -> None:
    raise Interrupted


def test_worker_and_web_start_after_setup_and_end_before_the_services(
    clone: Clone, order: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("devstack.run.Interruption", QuietInterruption)
    monkeypatch.setattr(Session, "watch", interrupted)
    monkeypatch.setattr(Ports, "default", Ports.free)

    run(clone)

    assert order[:7] == ["services up", "setup", "history", "processes up", "ready", "ready", "ready"]
    assert order[7:10] == ["import"] * 3
    assert order[10:] == ["admin", "processes down", "services down"]
    assert "http://127.0.0.1:1/admin/log-in/one-time#code" in capsys.readouterr().out
    assert "WEB_PORT" in clone.env_file.read_text()


def test_services_go_down_when_setup_fails(clone: Clone, order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_product: object) -> None:
        raise DevstackError("setup failed")

    monkeypatch.setattr("devstack.run.Interruption", QuietInterruption)
    monkeypatch.setattr(Product, "setup", fail)
    monkeypatch.setattr(Ports, "default", Ports.free)

    with pytest.raises(DevstackError, match="setup failed"):
        run(clone)

    assert order == ["services up", "processes down", "services down"]


def test_a_failed_import_is_said_and_leaves_everything_running(
    clone: Clone, order: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_args: object) -> None:
        raise DevstackError("import failed")

    monkeypatch.setattr("devstack.run.Interruption", QuietInterruption)
    monkeypatch.setattr(Product, "import_catalogue", fail)
    monkeypatch.setattr(Session, "watch", lambda _: order.append("watching"))
    monkeypatch.setattr(Ports, "default", Ports.free)

    run(clone)

    assert order[-3:] == ["watching", "processes down", "services down"]
    assert "not imported completely: import failed" in capsys.readouterr().out


def test_a_second_run_in_the_same_clone_is_told_about_the_first(clone: Clone) -> None:
    with (
        clone.owned(),
        pytest.raises(DevstackError, match="already run by process") as failure,
        Clone(clone.top).owned(),
    ):
        pass

    assert "\n" not in str(failure.value)


def test_the_paths_in_the_settings_are_relative_to_the_clone(clone: Clone, order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    del order
    monkeypatch.setattr("devstack.run.Interruption", QuietInterruption)
    monkeypatch.setattr(Session, "watch", interrupted)
    monkeypatch.setattr(Ports, "default", Ports.free)

    run(clone)

    assert "TOKENS_FILE='.devstack/tokens.toml'" in clone.env_file.read_text()
    assert str(clone.top) not in clone.env_file.read_text()


class QuietInterruption(Interruption):
    """Leaves the test runner's own signals alone."""

    def install(self) -> None:
        """Do nothing."""
