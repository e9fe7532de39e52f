"""What importing a part of the product loads, and what it does not."""

import subprocess
import sys

import pytest

import faust_app


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh Python has loaded after the statement."""
    program = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("package", ["faust_app", "faust_app.core.messages.events", "faust_app.core.images.outcome", "faust_app.settings"])
def test_importing_a_part_loads_no_faust(package: str) -> None:
    assert not loaded_by(f"import {package}") & {"faust", "mode", "aiokafka", "aiomysql", "aioboto3"}


def test_the_package_finds_the_worker_only_when_asked_for_app() -> None:
    with pytest.raises(AttributeError, match="no attribute 'application'"):
        _ = faust_app.application


def test_a_worker_loads_nothing_that_only_pages_and_statistics_need() -> None:
    unwanted = {"alembic", "argon2", "babel", "chdb", "jinja2", "redis", "sqlalchemy"}
    assert loaded_by("import faust_app.worker_app") & unwanted == set()
