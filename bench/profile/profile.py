"""Where each microsecond of an image goes: a worker under load, sampled by py-spy at both levels of the image check."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.contenders.image_mover import SLOTS
from bench.installation import DONE, Installation, cpu_seconds, cpu_seconds_of_family, installed, known_source
from bench.intake.rounds import take_in
from bench.profile.places import Place, microseconds, shares_of
from bench.requests import answer_to, worker_request
from bench.turn import resumed, stopped

ROUNDS: Final = 6
LEVELS: Final = ("structure", "decode")
FOLDER: Final = Path(__file__).parent
ROUND_IMAGES: Final = 3_000
"""Images of a round: a worker reads ahead all of them. They are taken in while it is stopped: so it has the machine for itself."""
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


def profile(rounds: int = ROUNDS) -> None:
    """Sample a worker at both levels, print where each microsecond goes, and write a flame graph of each beside this file."""
    profiles = dict[str, Profile]()
    for level in LEVELS:
        with installed(level) as installation:
            profiles[level] = measure_profile(installation, level, rounds)
    table = Table("microseconds of CPU an image", *LEVELS)
    for place in sorted(Place, key=lambda each: -profiles[LEVELS[0]].parts.get(each, 0.0)):
        table.add_row(place.value, *(f"{round(found.parts.get(place, 0.0)):,}" for found in profiles.values()))
    table.add_section()
    table.add_row("total", *(f"{found.total:,.0f}" for found in profiles.values()))
    table.add_row("images/s while sampled", *(f"{found.per_second:,.0f}" for found in profiles.values()))
    Console(width=120).print(table)


def measure_profile(installation: Installation, level: str, rounds: int) -> Profile:
    """Sample a worker that stores images by rounds: once for the parts, once for the flame graph."""
    raw, graph = installation.folder / "stacks.txt", FOLDER / f"{level}.svg"
    with installation.process("bench.profile.worker", **known_source(installation.stack, SLOTS)) as process:
        _store(installation, process, range(1))
        first = _read(installation, process.pid)
        with _sampled(installation, process.pid, "raw", raw):
            seconds = _store(installation, process, range(1, rounds + 1))
        last = _read(installation, process.pid)
        with _sampled(installation, process.pid, "flamegraph", graph):
            _store(installation, process, range(rounds + 1, 2 * rounds + 1))
    graph.write_text(_TITLE.sub(rf"\1shop-images worker, level {level}", graph.read_text()))
    images = last.images - first.images
    own, children, collector = ((getattr(last, name) - getattr(first, name)) / images * 1e6 for name in ("own", "children", "collector"))
    shares = shares_of(raw.read_text().splitlines())
    return Profile(microseconds(shares, own=own, collector=collector, children=children), images / seconds)


def _store(installation: Installation, process: "subprocess.Popen[bytes]", numbers: range) -> float:
    """Have the process store the images of these rounds; return the seconds that took, without those of taking them in."""
    seconds = 0.0
    with stopped(process):
        for number in numbers:
            take_in(installation, number, ROUND_IMAGES)
            begun = time.monotonic()
            with resumed(process):
                installation.until(DONE, (number + 1) * ROUND_IMAGES)
            seconds += time.monotonic() - begun
    return seconds


@contextmanager
def _sampled(installation: Installation, pid: int, form: str, path: Path) -> Iterator[None]:
    """Write samples of the process; while it is stopped it has none, since py-spy leaves out threads that cannot run."""
    # --nonblocking: no sample pauses the process, since its pace is what is measured; a stack that is torn is dropped.
    command = [_PY_SPY, "record", "--nonblocking", "-d", "unlimited", "-r", str(_RATE), "-f", form, "-o", str(path), "--pid", str(pid)]
    told = installation.folder / "py-spy.log"
    with told.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as sampler:
        try:
            yield
        finally:
            sampler.send_signal(signal.SIGINT)
    if sampler.returncode:
        raise RuntimeError(f"py-spy ended with {sampler.returncode}: {told.read_text()[-1000:]}")


def _read(installation: Installation, pid: int) -> Reading:
    collector = json.loads(answer_to(worker_request(installation, "/collector-cost")))["ns"] / 1e9
    own, family = cpu_seconds(pid), cpu_seconds_of_family(pid)
    return Reading(installation.query(DONE), own, family - own, collector)
