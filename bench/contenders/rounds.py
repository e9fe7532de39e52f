"""The contenders take turns on the same images, a round at a time: a machine's speed changes from minute to minute, the ratio does not.

Every round takes in as many images as a turn moves, while all contenders are stopped, so that none has an image under way when it is
stopped. The product's worker reads its events; the others read the same events of the same topic, each in a consumer group of its own.
Only the bare loop reads no Kafka: it selects its images. Those with no limit of their own fetch 64 images at once.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.contenders.contender import Contender, running
from bench.contenders.correctness import refuse_missing
from bench.contenders.image_mover import SLOTS
from bench.installation import DONE, Installation, known_source, names_of_its_own, stack_up
from bench.intake.rounds import take_in
from bench.turn import Turn
from devstack.image_source.pictures import flat_picture
from devstack.stack import Stack

LEAD: Final = 1_000
"""After a stop a worker's first images cost up to three times as much; from the 600th on the cost is steady."""
IMAGES: Final = 2_000
"""A turn's, behind its lead."""
ROUND_IMAGES: Final = LEAD + IMAGES
BYTES: Final = 100_000
STRUCTURE: Final = "shop-images, level structure"
DECODE: Final = "shop-images, level decode"
BARE: Final = "bare loop"
BARE_PILLOW: Final = "bare loop, Pillow in processes"
FAUST: Final = "plain Faust app"
BATCHES: Final = "FastStream, batches of 64"
WORKERS: Final = "FastStream, 64 workers"
_WORKER: Final = ("faust", "-A", "faust_app", "worker", "-l", "warn")
_RIVALS: Final = {
    BARE: ("bare", ("bench.contenders.bare_loop", "bare")),
    BARE_PILLOW: ("bare_pillow", ("bench.contenders.bare_loop", "bare_pillow", "pillow")),
    FAUST: ("faust", ("faust", "-A", "bench.contenders.plain_faust", "-L", "uvloop", "worker", "--without-web", "-l", "warn")),
    BATCHES: ("faststream_batches", ("bench.contenders.plain_faststream", "batches")),
    WORKERS: ("faststream_workers", ("bench.contenders.plain_faststream", "workers")),
}
ALL: Final = (STRUCTURE, DECODE, *_RIVALS)
_OBJECTS: Final = "SELECT object_key FROM image WHERE state = 'DONE'"


@dataclass(frozen=True)
class Figures:
    """A contender's turns, round by round, and its peak memory in MiB."""

    turns: tuple[Turn, ...]
    megabytes: float

    @property
    def per_cpu_second(self) -> float:
        """The median."""
        return median(turn.per_cpu_second for turn in self.turns)

    @property
    def per_second(self) -> float:
        """The median."""
        return median(turn.per_second for turn in self.turns)

    @property
    def cpu_us(self) -> float:
        """The median."""
        return median(turn.cpu_us for turn in self.turns)


def measure_contenders(rounds: int, names: Sequence[str] = ALL) -> dict[str, Figures]:
    """Run the contenders in turns for so many rounds, after a round of warm-up.

    Raises MissingObjectsError where a contender lost an image.
    """
    with contenders_up(names) as field:
        turns: dict[str, list[Turn]] = {contender.name: [] for contender in field.contenders}
        for number in range(rounds + 1):
            field.take_in(number)
            # Every other round backwards, so that nobody always follows the same neighbour.
            for contender in field.contenders[:: 1 if number % 2 else -1]:
                turns[contender.name].append(contender.turn(LEAD, IMAGES))
        for contender in field.contenders:
            refuse_missing(contender, ROUND_IMAGES * (rounds + 1), len(flat_picture(0, BYTES)))
        return {each.name: Figures(tuple(turns[each.name][1:]), each.megabytes()) for each in field.contenders}


class Field:
    """The contenders, and the installations whose images they move."""

    def __init__(self, installations: Sequence[Installation], contenders: Sequence[Contender], rivals: Sequence[str]) -> None:
        self._installations = installations
        self.contenders = contenders
        self._rivals = rivals

    def take_in(self, number: int) -> None:
        """Accept the images of a round on every installation."""
        for installation in self._installations:
            take_in(installation, number, ROUND_IMAGES, BYTES)
        for rival in self._rivals:
            prefix = f"r{number}-"
            insert = f"INSERT INTO moved_{rival} (image_id) SELECT image_id FROM image WHERE image_id LIKE '{prefix}%'"  # noqa: S608 - ours
            self._installations[0].execute(insert)


@contextmanager
def contenders_up(names: Sequence[str]) -> Iterator[Field]:
    """Start the services and the contenders of these names, each stopped until its turn."""
    with stack_up() as (stack, folder), ExitStack() as stopping:
        installations, contenders = list[Installation](), list[Contender]()
        levels = {STRUCTURE: "structure", DECODE: "decode"} if DECODE in names else {STRUCTURE: "structure"}
        for number, (name, level) in enumerate(levels.items()):
            installation = _installation(stack, folder / level, level, number)
            installations.append(installation)
            if name in names:
                contenders.append(stopping.enter_context(running(Contender(name, installation, DONE, _OBJECTS), _WORKER)))
        rivals = {name: _RIVALS[name] for name in names if name in _RIVALS}
        for name, (rival, command) in rivals.items():
            contenders.append(stopping.enter_context(running(_rival(name, rival, installations[0]), command)))
        yield Field(installations, contenders, [rival for rival, _ in rivals.values()])


def _installation(stack: Stack, folder: Path, level: str, number: int) -> Installation:
    folder.mkdir()
    port = str(stack.ports.worker - number)
    own = {"WORKER_PORT": port, **known_source(stack, SLOTS), **names_of_its_own(stack, folder, level)}
    return Installation(stack, folder, level, own)


def _rival(name: str, rival: str, installation: Installation) -> Contender:
    installation.execute(f"CREATE TABLE moved_{rival} (image_id VARBINARY(64) PRIMARY KEY, done TINYINT NOT NULL DEFAULT 0)")
    moved = f"FROM moved_{rival} WHERE done = 1"
    return Contender(name, installation, f"SELECT COUNT(*) {moved}", f"SELECT CONCAT('{rival}/', image_id) {moved}")
