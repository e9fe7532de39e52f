"""Installations with running processes."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation


@pytest.fixture
def installation(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    """An installation of its own; its processes are ended with the test."""
    installation = Installation(install(collect_interval=1.0), stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


@pytest.fixture(scope="module")
def shared(install: Callable[..., Settings], stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a web process and a worker for those tests of a file that look at a shop of their own."""
    installation = Installation(install(collect_interval=1.0), stack, tmp_path_factory.mktemp("shared"))
    try:
        asyncio.run(installation.start())
        yield installation
    finally:
        installation.close()
