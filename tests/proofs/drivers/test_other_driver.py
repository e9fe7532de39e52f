"""What we promise of the database hangs on no driver's ways: every contract holds with another one."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import CLONE

CONTRACTS = 500
"""So many tests of the contracts there are at least."""


@pytest.mark.timeout(900)
def test_the_contracts_of_the_database_hold_with_another_driver() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "tests.proofs.drivers.other_driver_plugin", "-q", "tests/contracts/mariadb"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_CURRENT")}
    done = subprocess.run(command, cwd=CLONE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= CONTRACTS
