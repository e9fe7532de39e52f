"""Compares two trees of the product: what an image costs to settle, what it costs a worker, and what a row costs at intake.

    python -m bench compare ../other-tree [pairs]

Both run on one set of services, each with a database, topics and a bucket of its own. They take turns, a pair at a time, and
the ratio is taken pair by pair: this machine's speed changes from minute to minute, the ratio does not.
"""

import json
import resource
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.installation import CLONE, DONE, Installation, cpu_seconds, names_of_its_own, stack_up
from bench.intake.catalogue import write_catalogue
from bench.turn import resumed, stopped
from bench.worker.settle import measure_settle
from devstack.stack import Stack

ROUND_IMAGES: Final = 1500
ROUND_ROWS: Final = 10_000
PAIRS: Final = 9
BYTES: Final = 100_000


@dataclass(frozen=True)
class Ratios:
    """The figures of one tree divided by the other's, pair by pair; above 1 the first tree is better."""

    name: str
    pairs: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.pairs)

    def __str__(self) -> str:
        return f"{self.name}: {self.middle:.3f} ({min(self.pairs):.3f} to {max(self.pairs):.3f}, {len(self.pairs)} pairs)"


class Tree(Installation):
    """An installation whose processes run the code of one tree."""

    def __init__(self, stack: Stack, folder: Path, code: Path, number: int) -> None:
        folder.mkdir()
        port = str(stack.ports.worker - number)
        own = {"PYTHONPATH": str(code), "WORKER_PORT": port, **names_of_its_own(stack, folder, folder.name)}
        super().__init__(stack, folder, "structure", own)
        self.shops = 0

    def take_in(self, rows: int) -> tuple[float, float]:
        """Import a catalogue for a new shop; return rows per CPU-second of the command, and rows a second."""
        self.shops += 1
        path = self.folder / "catalogue.csv"
        write_catalogue(path, self.source, rows, BYTES)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = json.loads(self.command("import", str(path), "--shop", str(self.shops), "--format", "woocommerce", "--json"))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert report["accepted"] == rows, report
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return rows / used, float(report["images_per_s"])

    def settle(self) -> tuple[float, float]:
        """Settle images of a new shop; return images a second, and images per CPU-second of the process."""
        self.shops += 1
        return measure_settle(self, self.shops)

    def work(self, process: "subprocess.Popen[bytes]", images: int) -> float:
        """Resume the worker until it has stored so many images; return images per CPU-second."""
        with resumed(process):
            before, cpu = self.query(DONE), cpu_seconds(process.pid)
            self.until(DONE, before + images)
            stored, used = self.query(DONE) - before, cpu_seconds(process.pid) - cpu
        return stored / used


def print_comparison(other: Path, pairs: int = PAIRS) -> None:
    """Measure both trees in turns, and print a line for each ratio."""
    for ratios in compare(other, pairs):
        print(ratios)


def compare(other: Path, pairs: int) -> list[Ratios]:
    """Measure both trees in turns."""
    with _trees(other) as (mine, theirs):
        settled = [(mine.settle(), theirs.settle()) for _ in range(pairs + 1)][1:]
        taken = [(mine.take_in(ROUND_ROWS), theirs.take_in(ROUND_ROWS)) for _ in range(pairs + 1)][1:]
        with ExitStack() as running:
            workers = [(tree, running.enter_context(_worker(tree))) for tree in (mine, theirs)]
            worked = [tuple(tree.work(process, ROUND_IMAGES) for tree, process in workers) for _ in range(pairs + 1)][1:]
    return [
        Ratios("settle, images a second", tuple(one[0] / two[0] for one, two in settled)),
        Ratios("settle, images per CPU-second", tuple(one[1] / two[1] for one, two in settled)),
        Ratios("worker, images per CPU-second", tuple(one / two for one, two in worked)),
        Ratios("intake, rows per CPU-second", tuple(one[0] / two[0] for one, two in taken)),
        Ratios("intake, rows a second", tuple(one[1] / two[1] for one, two in taken)),
    ]


@contextmanager
def _trees(other: Path) -> Iterator[tuple[Tree, Tree]]:
    with stack_up() as (stack, folder):
        yield Tree(stack, folder / "mine", CLONE, 0), Tree(stack, folder / "theirs", other.resolve(), 1)


@contextmanager
def _worker(tree: Tree) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker of the tree, warm, and stopped whenever it is not its turn."""
    before = tree.query(DONE)
    with tree.process("faust_app") as process:
        tree.until(DONE, before + ROUND_IMAGES)  # connections are open, code is loaded
        with stopped(process):
            yield process
