"""The process `stats`: where it listens, and what it says when it cannot start."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from faust_app import stats_app
from faust_app.settings import Settings
from faust_app.stats_app import host_of, stats_command


def run(settings: Settings) -> Result:
    return CliRunner().invoke(stats_command, obj=settings)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(Settings(_env_file=None, statistics_port=port))
    assert result.exit_code == 1
    assert result.stderr.endswith("; stop what uses it, or set STATISTICS_PORT or WEB_BIND\n")
    assert f"port {port} of 127.0.0.1 cannot be used: " in result.stderr


def test_no_other_error_is_called_one_of_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def fail(*_: object) -> AsyncIterator[None]:
        raise OSError("disk full")
        yield

    monkeypatch.setattr(stats_app, "open_statistics", fail)
    result = run(Settings(_env_file=None))
    assert isinstance(result.exception, OSError)
    assert "port" not in result.output


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    url = "http://stats:secret@127.0.0.1:6067/"
    result = run(Settings(_env_file=None, clickhouse_url=url, statistics_dir=tmp_path / "file" / "store"))
    assert result.exit_code == 1
    assert result.stderr == f"shop-images: STATISTICS_DIR {tmp_path}/file/store cannot be written: Not a directory\n"


def test_an_embedded_store_is_reached_from_its_machine_alone(tmp_path: Path) -> None:
    assert host_of(Settings(_env_file=None, web_bind="0.0.0.0")) == "0.0.0.0"  # noqa: S104 - as in containers
    url = "http://stats:secret@127.0.0.1:6067/"
    embedded = Settings(_env_file=None, web_bind="0.0.0.0", clickhouse_url=url, statistics_dir=tmp_path)  # noqa: S104
    assert host_of(embedded) == "127.0.0.1"
