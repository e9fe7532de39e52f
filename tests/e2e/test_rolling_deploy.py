"""Two releases run side by side, as while a deploy rolls: on the same topics, on the same database, under load."""

import subprocess
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import CLONE, Installation

FORMER = "db539ac99587eaabb0bf8c2bf2a99470963ddda6"
"""The former release: the last commit before images counted in daily statistics, with the schema at revision 0007."""
SHOPS = (11, 12, 13)
SLOW = "/flat/{n}?bytes=20000&ms=1000"
COUNT = 500


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """The tree of the former release, from the history of this repository."""
    archive = subprocess.run(["git", "-C", CLONE, "archive", FORMER], capture_output=True, check=False)  # noqa: S607 - the system's git
    if archive.returncode:
        pytest.skip(f"the history lacks commit {FORMER[:7]}: `git fetch --unshallow` brings it")
    folder = tmp_path / "former"
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as tree:
        tree.extractall(folder, filter="data")
    return folder


@pytest.mark.proof
async def test_a_deploy_rolls_under_load_and_every_image_is_stored_once(
    install: Callable[..., Settings], stack: Stack, tmp_path: Path, former: Path
) -> None:
    installation = Installation(install(set_up=False, collect_interval=1.0), stack, tmp_path)
    try:
        await roll(installation, former)
    finally:
        installation.close()


async def roll(installation: Installation, former: Path) -> None:
    old = {"PYTHONPATH": str(former)}
    await installation.run_command("setup", PYTHONPATH=str(former))
    assert revision(installation) == "0007"
    worker = installation.spawn("old worker", "faust_app", **old)
    web = installation.web = installation.spawn("old web", "faust_app.web_app", **old)
    for process in (worker, web):
        await installation.until_ready(process)
    await installation.register_many(SHOPS[0], COUNT, SLOW)
    await installation.until(lambda: installation.states(SHOPS[0])["DONE"] > 0, "the old worker is at work")

    await installation.run_command("setup")  # the release phase of the new one, while the old one runs
    assert revision(installation) > "0007"
    assert installation.states(SHOPS[0])["DONE"] < COUNT, "the schema was changed under load"
    await installation.start_worker("new worker")
    await installation.register_many(SHOPS[1], COUNT, SLOW)  # accepted by the old web, stored by both workers
    await installation.until(lambda: installation.states(SHOPS[1])["DONE"] > 0, "both are at work")
    await installation.start_web()
    web.terminate()
    await installation.register_many(SHOPS[2], COUNT, SLOW)
    assert worker.terminate() <= 10
    for shop_no in SHOPS:
        await installation.all_in(shop_no, "DONE", COUNT, limit=120)

    stored = installation.query("SELECT COUNT(*), COUNT(DISTINCT shop_no, image_id) FROM image_history WHERE outcome = 'stored'")
    assert stored == ((len(SHOPS) * COUNT,) * 2,), "each image has one outcome, whichever release wrote it"
    assert installation.query("SELECT COUNT(*) FROM image_history WHERE outcome = 'rescued'") == ((0,),)
    await installation.run_command("check", "--deep")  # ends with 1 for a broken promise


def revision(installation: Installation) -> str:
    ((found,),) = installation.query("SELECT version_num FROM alembic_version")
    return str(found)
