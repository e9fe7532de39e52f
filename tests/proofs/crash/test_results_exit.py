"""A process is killed at each step of telling results, on the real services: all arrive, the last of each image is its newest."""

import json
import signal
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from devstack.stack import Stack
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.core.images.changes import Changes
from faust_app.core.results.result import Result
from faust_app.settings import Settings
from tests.e2e.installation import Installation
from tests.proofs.crash.results_app import POINT, ResultPoint

pytestmark = pytest.mark.timeout(240)  # eight web processes, one after the other

SHOP: Final = 11
IMAGES: Final = 40
ROUNDS: Final = 5
"""Versions of each image for each point: more than one send, and several results of an image in each."""
_WAITING: Final = "SELECT moved - published + (SELECT COUNT(*) FROM result_outbox) FROM result_sequence"


@pytest.fixture
def installation(install: Callable[..., Settings], stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(install(), stack, tmp_path_factory.mktemp("results"))
    try:
        yield installation
    finally:
        installation.close()


async def tell(installation: Installation, point: int) -> None:
    """Commit results of every image, with versions that rise."""
    async with Database.connect(installation.settings.database, 1) as database:
        repository = MariaImageRepository(database)
        for number in range(ROUNDS):
            version, now = point * ROUNDS + number + 1, await database.now()
            told = [Result(now, SHOP, b"i%d" % image, {"kind": "stored", "version": version}) for image in range(IMAGES)]
            await repository.change([], lambda _, told=told: (Changes(results=told), None))  # type: ignore[misc]


async def test_a_process_that_is_killed_at_any_step_loses_no_result_and_turns_no_order_round(installation: Installation) -> None:
    for number, point in enumerate(ResultPoint):
        await tell(installation, number)
        process = installation.spawn(point.value, "tests.proofs.crash.results_app", **{POINT: point.value})
        await installation.until(lambda process=process: not process.alive, f"killed {point.value}")  # type: ignore[misc]
        assert process.exit_code == -signal.SIGKILL, process.log.read_text()[-2000:]
        installation.execute("DELETE FROM lease")  # time passes
    installation.spawn("last", "tests.proofs.crash.results_app")
    await installation.until(lambda: installation.query(_WAITING) == ((0,),), "all are published")

    told: dict[str, list[tuple[int, int]]] = {}
    for record in await installation.records(installation.topics.results.name):
        result = json.loads(record.value or b"")
        told.setdefault(result["image_id"], []).append((result["version"], result["position"]))
    newest = len(ResultPoint) * ROUNDS
    assert sorted(told) == sorted(f"i{image}" for image in range(IMAGES))
    for image, results in told.items():
        firsts = list(dict.fromkeys(results))
        assert [version for version, _ in firsts] == list(range(1, newest + 1)), image
        assert [position for _, position in firsts] == sorted(position for _, position in firsts), "one position for each, in order"
        assert results[-1][0] == newest, "the last record is the newest result"
    assert sum(map(len, told.values())) > newest * IMAGES, "what nobody recorded as published was sent again"
