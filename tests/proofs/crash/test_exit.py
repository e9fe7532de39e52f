"""A worker process that dies at a point, each point by itself, on the real services: the next one ends what it had begun."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import pytest

from devstack.stack import Stack
from faust_app.core.images.row import ImageRow
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.wiring.common import Parts, open_parts
from tests.e2e.installation import Installation
from tests.factories import make_request
from tests.proofs.crash.crash_app import CODE, IMAGE, POINT
from tests.proofs.crash.points import PUBLISHES, CrashPoint

pytestmark = pytest.mark.timeout(300)  # twelve workers start and die before the first test begins

SHOP: Final = 11
RUNS_LONG: Final = {CrashPoint.BEFORE_EARLY_ACK, CrashPoint.AFTER_EARLY_ACK, CrashPoint.BEFORE_DRAIN, CrashPoint.AFTER_DRAIN}
COMMITTED: Final = {CrashPoint.AFTER_COMMIT, CrashPoint.BEFORE_ACK, CrashPoint.AFTER_ACK}
"""The points at which the image has its outcome already."""

_TIME_PASSES: Final = "UPDATE image SET scheduled_at = UTC_TIMESTAMP(6) WHERE scheduled_at IS NOT NULL AND state = 'IN_PROGRESS'"


@dataclass
class Story:
    """What one image met: how its worker exited, the row at that moment, and in the end."""

    code: int | None
    at_death: ImageRow
    outcomes: list[str]
    at_last: ImageRow | None = None


class Deaths:
    """One worker a point, each for an image of its own; what it leaves is ended by those after it."""

    def __init__(self, installation: Installation, parts: Parts) -> None:
        self._installation = installation
        self._parts = parts
        self.stories: dict[CrashPoint, Story] = {}

    async def die_at(self, point: CrashPoint) -> None:
        image_id = image_of(point)
        traps = {POINT: point.value, IMAGE: f"{SHOP}/{image_id}"}
        if point not in RUNS_LONG:  # on a busy machine it would be acknowledged early, before it is settled
            traps["READ_AHEAD_PER_PARTITION"] = "400"
        worker = self._installation.spawn(image_id, "tests.proofs.crash.crash_app", **traps)
        await self._register(point)
        await self._installation.until(lambda: not worker.alive, f"the worker died {point.value}")
        self.stories[point] = Story(worker.exit_code, await self._row(point), await self._outcomes(point))

    async def end_everything(self) -> None:
        """Expire every lease, then run one worker without a trap until nothing is left."""
        self._installation.execute(_TIME_PASSES)
        self._installation.spawn("last", "tests.proofs.crash.crash_app")
        await self._installation.all_in(SHOP, "DONE", len(self.stories))
        for point, story in self.stories.items():
            story.at_last, story.outcomes = await self._row(point), await self._outcomes(point)

    async def _register(self, point: CrashPoint) -> None:
        slow = "&ms=1500" if point in RUNS_LONG else ""
        url = f"{self._installation.source}/flat/{list(CrashPoint).index(point)}?bytes=5000&for={image_of(point)}{slow}"
        (decision,) = await self._parts.intake.accept([make_request(SHOP, image_of(point), source_url=url)], entry_point="http")
        if point in PUBLISHES:
            self._installation.execute(_TIME_PASSES)
        else:
            await self._parts.publisher.publish([decision.row])

    async def _row(self, point: CrashPoint) -> ImageRow:
        key = (SHOP, image_of(point).encode())
        return (await self._parts.repository.load([key]))[key]

    async def _outcomes(self, point: CrashPoint) -> list[str]:
        return [entry.outcome for entry in await self._parts.repository.history((SHOP, image_of(point).encode()), 20)]


def image_of(point: CrashPoint) -> str:
    return point.value.replace(" ", "-")


@pytest.fixture(scope="module")
def installation(install: Callable[..., Settings], stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two events read ahead of a partition: one that runs already keeps others waiting, and is acked early."""
    settings = install(read_ahead_per_partition=2, event_deadline=15.0)
    installation = Installation(settings, stack, tmp_path_factory.mktemp("crash"))
    try:
        yield installation
    finally:
        installation.close()


@pytest.fixture(scope="module")
def stories(installation: Installation) -> dict[CrashPoint, Story]:
    """Kill a worker at every point, one after the other, then finish what they left."""

    async def die_at_every_point() -> dict[CrashPoint, Story]:
        async with open_parts(installation.settings, Metrics(), client_id="test") as parts:
            deaths = Deaths(installation, parts)
            for point in CrashPoint:
                await deaths.die_at(point)
            await deaths.end_everything()
            return deaths.stories

    with ThreadPoolExecutor(1) as outside:  # a fixture may ask from inside a running loop
        return outside.submit(lambda: asyncio.run(die_at_every_point())).result()


@pytest.mark.parametrize("point", CrashPoint)
def test_a_worker_that_dies_at_a_point_loses_nothing_and_counts_nothing_twice(stories: dict[CrashPoint, Story], point: CrashPoint) -> None:
    story = stories[point]
    assert story.code == CODE, "it died where it was to die"
    assert (story.at_death.state.value == "DONE") is (point in COMMITTED), story.at_death
    assert story.outcomes == ["stored"], "one outcome, no attempt, no rescue"
    assert story.at_last is not None
    assert (story.at_last.attempt, story.at_last.rescues, story.at_last.shown_version) == (0, 0, story.at_last.version)


@pytest.mark.usefixtures("stories")
async def test_after_all_these_deaths_every_promise_is_kept(installation: Installation) -> None:
    out, _ = await installation.run_command("check", "--deep")
    assert f"{len(CrashPoint)} DONE" in out
    assert "0 violations" in out
