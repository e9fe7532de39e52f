"""Where each microsecond of an image goes: a worker under load, sampled by py-spy at both levels of the image check."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.installation import DONE, Installation, cpu_seconds, cpu_seconds_of_family, installed
from bench.intake.rounds import take_in
from bench.profile.places import Place, microseconds, shares_of
from bench.requests import answer_to, worker_request

SECONDS: Final = 20
LEVELS: Final = ("structure", "decode")
FOLDER: Final = Path(__file__).parent
_ROUND_IMAGES: Final = 2_000
"""Images that are taken in at once, as soon as fewer than that many are queued: a worker reads ahead all of them, and never runs out."""
_POLL_SECONDS: Final = 0.05
_RATE: Final = 200
_PY_SPY: Final = str(Path(sys.executable).with_name("py-spy"))
_TITLE: Final = re.compile(r"(<text id=\"title\"[^>]*>)[^<]*")


@dataclass(frozen=True)
class Profile:
    """Microseconds of an image by part, and images a second while it was sampled."""

    parts: dict[Place, float]
    per_second: float

    @property
    def total(self) -> float:
        """Microseconds of an image in all."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Reading:
    """Totals since the worker began: images stored, CPU-seconds of the worker and of its children, seconds in the collector."""

    images: int
    own: float
    children: float
    collector: float


def profile(seconds: int = SECONDS) -> None:
    """Sample a worker at both levels, print where each microsecond goes, and write a flame graph of each beside this file."""
    profiles = dict[str, Profile]()
    for level in LEVELS:
        with installed(level) as installation:
            profiles[level] = measure_profile(installation, level, seconds)
    table = Table("microseconds of CPU an image", *LEVELS)
    for place in sorted(Place, key=lambda each: -profiles[LEVELS[0]].parts.get(each, 0.0)):
        table.add_row(place.value, *(f"{found.parts.get(place, 0.0):,.0f}" for found in profiles.values()))
    table.add_section()
    table.add_row("total", *(f"{found.total:,.0f}" for found in profiles.values()))
    table.add_row("images/s while sampled", *(f"{found.per_second:,.0f}" for found in profiles.values()))
    Console(width=120).print(table)


def measure_profile(installation: Installation, level: str, seconds: int) -> Profile:
    """Keep images queued, and sample a worker that stores them: once for the parts, once for the flame graph."""
    raw, graph = installation.folder / "stacks.txt", FOLDER / f"{level}.svg"
    with _fed(installation), installation.process("bench.profile.worker") as process:
        installation.until(DONE, _ROUND_IMAGES)
        first = _read(installation, process.pid)
        _sample(process.pid, seconds, "raw", raw)
        last = _read(installation, process.pid)
        _sample(process.pid, seconds, "flamegraph", graph)
    graph.write_text(_TITLE.sub(rf"\1shop-images worker, level {level}", graph.read_text()))
    images = last.images - first.images
    own, children, collector = ((getattr(last, name) - getattr(first, name)) / images * 1e6 for name in ("own", "children", "collector"))
    shares = shares_of(raw.read_text().splitlines())
    return Profile(microseconds(shares, own=own, collector=collector, children=children), images / seconds)


@contextmanager
def _fed(installation: Installation) -> Iterator[None]:
    """Keep some images queued, but no more than a worker reads ahead."""
    ended = threading.Event()
    with ThreadPoolExecutor(1) as feeder:
        feeding = feeder.submit(_feed, installation, ended)
        try:
            yield
        finally:
            ended.set()
        feeding.result()


def _feed(installation: Installation, ended: threading.Event) -> None:
    taken = 0
    while not ended.wait(_POLL_SECONDS):
        if taken * _ROUND_IMAGES - installation.query(DONE) < _ROUND_IMAGES:
            take_in(installation, taken, _ROUND_IMAGES)
            taken += 1


def _sample(pid: int, seconds: int, form: str, path: Path) -> None:
    # The worker is not stopped for a sample: its pace is what is measured, and a stack that is torn is dropped.
    command = [_PY_SPY, "record", "--nonblocking", "-d", str(seconds), "-r", str(_RATE), "-f", form, "-o", str(path), "--pid", str(pid)]
    subprocess.run(command, check=True, capture_output=True)


def _read(installation: Installation, pid: int) -> Reading:
    collector = json.loads(answer_to(worker_request(installation, "/collector-cost")))["ns"] / 1e9
    own, family = cpu_seconds(pid), cpu_seconds_of_family(pid)
    return Reading(installation.query(DONE), own, family - own, collector)
