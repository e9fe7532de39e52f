"""Removes one guard of the product at a time, and expects a named test to fail: what the tests prove is not proved by luck.

Each mutant is made in a copy of the sources and judged by the one test that is named for it, in a process of its own; a
statement of the database is changed in place for one call of the contract that all repositories keep.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from faust_app.adapters.mariadb import image_repository, image_writes
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.settings import Settings
from tests.contracts.mariadb import test_image_repository as contract
from tests.proofs.mutants.mutants import MUTANTS, STATEMENT_MUTANTS, Mutant, NoLongerApplies, StatementMutant, taken_out

CLONE = Path(__file__).parents[3]
ADAPTERS = {"image_repository": image_repository, "image_writes": image_writes}
FAILED = 1
"""How pytest exits when tests failed, and nothing worse happened."""


def copied(folder: Path) -> Path:
    """Copy what the tests need; compiled files come along, since only what is changed needs compiling."""
    for name in ("faust_app", "devstack", "tests"):
        shutil.copytree(CLONE / name, folder / name)
    shutil.copy2(CLONE / "pyproject.toml", folder)
    return folder


def judged(clone: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=line", *tests]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, timeout=100, check=False)


def mutated(mutant: Mutant, folder: Path) -> subprocess.CompletedProcess[str]:
    clone = copied(folder)
    mutant.apply(clone)
    return judged(clone, mutant.test)


@pytest.fixture(scope="module")
def judgements(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, "Future[subprocess.CompletedProcess[str]]"]]:
    """Every mutant's, two at a time."""
    with ThreadPoolExecutor(2) as two:
        yield {name: two.submit(mutated, mutant, tmp_path_factory.mktemp("mutant")) for name, mutant in MUTANTS.items()}


@pytest.mark.parametrize("name", MUTANTS)
def test_without_a_guard_the_test_that_is_named_for_it_fails(
    judgements: dict[str, "Future[subprocess.CompletedProcess[str]]"], name: str
) -> None:
    judgement = judgements[name].result()
    assert judgement.returncode == FAILED, f"nobody missed the guard: {name}\n{judgement.stdout}{judgement.stderr}"
    assert re.search(r"^1 failed", judgement.stdout, re.MULTILINE), judgement.stdout
    assert "error" not in judgement.stdout.splitlines()[-1], judgement.stdout


def test_with_every_guard_in_place_the_same_tests_pass(tmp_path: Path) -> None:
    judgement = judged(copied(tmp_path), *sorted({mutant.test for mutant in MUTANTS.values()}))
    assert judgement.returncode == 0, judgement.stdout


@pytest.mark.parametrize("mutant", STATEMENT_MUTANTS.values(), ids=STATEMENT_MUTANTS.keys())
async def test_without_a_guard_of_a_statement_the_contract_fails_on_the_real_database(
    mutant: StatementMutant, settings: Settings, shop_no: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, keeps_the_contract = ADAPTERS[mutant.module], getattr(contract, mutant.test)
    async with Database.connect(settings.database, 2) as database:
        repository = MariaImageRepository(database)
        await keeps_the_contract(repository, shop_no)
        monkeypatch.setattr(module, mutant.statement, taken_out(getattr(module, mutant.statement), mutant.guard, ""))
        with pytest.raises(AssertionError):
            await keeps_the_contract(repository, shop_no + 1_000_000)


@pytest.mark.parametrize("text", ["nothing of it", "the guard, and the guard"])
def test_a_mutant_that_no_longer_applies_says_so(text: str) -> None:
    with pytest.raises(NoLongerApplies):
        taken_out(text, "the guard", "")


def test_every_mutant_is_documented() -> None:
    contracts = "tests/contracts/mariadb/test_image_repository.py"
    rows = [f"| {name} | `{mutant.test}` |" for name, mutant in MUTANTS.items()]
    rows += [f"| {name} | `{contracts}::{mutant.test}` |" for name, mutant in STATEMENT_MUTANTS.items()]
    page = (CLONE / "docs" / "proof.md").read_text()
    assert [line for line in page.splitlines() if re.match(r"\| .* \| `tests/\S+::", line)] == rows
