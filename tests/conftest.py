"""The real services, started once for each test process on free ports, and installations of the product on them.

Tests run in processes side by side (`pytest -n`). Each process has a stack of its own and runs one test at a time, so a
test that stops or freezes a service disturbs no other test.
"""

import asyncio
import functools
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pymysql
import pytest
from botocore.loaders import JSONFileLoader

from devstack.ports import Ports
from devstack.stack import Stack
from faust_app.cli.setup import setup
from faust_app.logs import configure_structlog
from faust_app.settings import Settings

TESTS = Path(__file__).parent
CLONE = TESTS.parent
UNIT = {"core", "flows", "web", "cli", "adapters", "stats", "bench"}
"""Folders of tests on fakes alone."""
for _name in Settings.model_fields:
    os.environ.pop(_name.upper(), None)  # a desk that has read the `.env` of `make run` must not set up the tests' installations
_installation = itertools.count(1)
_shop = itertools.count(1_000)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the proofs where none of them is asked for: to import them brings a browser and a fuzzer into every process."""
    return True if collection_path == TESTS / "proofs" and config.option.markexpr in {"unit", "not proof"} else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its tier: `unit` starts no service, `proof` searches for what no example shows."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder == "proofs":
            item.add_marker(pytest.mark.proof)
        elif "stack" not in item.fixturenames and (folder in UNIT or item.path.parent == TESTS):  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.unit)


@pytest.fixture(scope="session", autouse=True)
def descriptions() -> Iterator[None]:
    """Parse botocore's descriptions of S3 once: each client parses 2 MB of JSON again, and over a hundred tests open one."""
    read = functools.cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _loader, path: read(path))
        yield


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Kafka, MariaDB, SeaweedFS, Valkey and the image source; stopped by process id when the run ends."""
    configure_structlog()
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    ports = Ports.free(int(worker.removeprefix("gw")), int(workers))
    with tempfile.TemporaryDirectory(prefix="shop-images-tests-") as folder:
        stack = Stack(Path(folder), ports, CLONE / ".devstack", secured=True)
        stack.mariadb.outlasts_machine = False  # tests kill the server, and no test the machine
        with stack:
            yield stack


@pytest.fixture(scope="session")
def install(stack: Stack) -> Callable[..., Settings]:
    """Make an installation of its own: database, topics and bucket that no other test touches; with `set_up=False` an empty one."""

    def make(*, set_up: bool = True, **overrides: Any) -> Settings:
        number = next(_installation)
        name = f"shop_images_t{number}"
        settings = _settings(stack, name, number, overrides)
        _create_database(stack, name)
        if not set_up:
            return settings
        with ThreadPoolExecutor(1) as outside:  # a fixture may ask from inside a running loop
            outside.submit(lambda: asyncio.run(setup(settings))).result()
        return settings

    return make


@pytest.fixture(scope="session")
def settings(install: Callable[..., Settings]) -> Settings:
    """One installation shared by the tests that keep to shops of their own and run no worker."""
    return install()


@pytest.fixture(scope="session")
def alert_settings(install: Callable[..., Settings]) -> Settings:
    """An installation whose alerts are those of one test at a time."""
    return install()


@pytest.fixture
def shop_no() -> int:
    """A shop that no other test uses."""
    return next(_shop)


def _settings(stack: Stack, database: str, number: int, overrides: dict[str, Any]) -> Settings:
    environment = {name.lower(): value for name, value in stack.environment().items()}
    known: dict[str, Any] = {name: value for name, value in environment.items() if name in Settings.model_fields}
    known |= {
        "database_url": environment["database_url"].rpartition("/")[0] + "/" + database,
        "app_id": f"t{number}",
        "topic_prefix": f"t{number}.",
        "s3_bucket": f"t{number}-images",
        "data_dir": str(stack.folder / f"faust-{number}"),
        "session_timeout": "6",
    }
    return Settings(_env_file=None, **{**known, **overrides})


def _create_database(stack: Stack, name: str) -> None:
    admin = Settings(_env_file=None, database_url=stack.environment()["DATABASE_URL"]).database
    with pymysql.connect(**admin) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
