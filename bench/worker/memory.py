"""Measures how many images a worker moves per CPU-second, beside the bare loop, and how much memory it uses.

The two alternate in one run, the worker stopped while the loop runs: a machine's speed changes from minute to minute,
the ratio does not.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median

from bench.installation import CLONE, Installation, cpu_seconds, peak_megabytes

ROUNDS = 3
ROUND_IMAGES = 3000
DONE = "SELECT COUNT(*) FROM image WHERE shop_no = 1 AND state = 'DONE'"


@dataclass(frozen=True)
class WorkerFigures:
    """Medians over the rounds; peak memory in MiB."""

    images_per_cpu_second: float
    bare_per_cpu_second: float
    ratio: float
    images_per_second: float
    megabytes: float


def measure_worker(installation: Installation) -> WorkerFigures:
    """Measure a worker on the images queued for shop 1, alternating with the bare loop."""
    _prepare_bare(installation)
    worker, bare, wall = [], [], []
    with installation.process("faust_app") as process:
        installation.until(DONE, ROUND_IMAGES)  # warm-up: connections are open, code is loaded
        for _ in range(ROUNDS):
            per_cpu, per_second = _worker_round(installation, process.pid)
            worker.append(per_cpu)
            wall.append(per_second)
            os.kill(process.pid, signal.SIGSTOP)
            bare.append(_bare_round(installation))
            os.kill(process.pid, signal.SIGCONT)
        megabytes = peak_megabytes(process.pid)
    ratio = median(mine / theirs for mine, theirs in zip(worker, bare, strict=True))
    return WorkerFigures(median(worker), median(bare), ratio, median(wall), megabytes)


def _worker_round(installation: Installation, pid: int) -> tuple[float, float]:
    before, cpu, started = installation.query(DONE), cpu_seconds(pid), time.monotonic()
    installation.until(DONE, before + ROUND_IMAGES)
    images, used = installation.query(DONE) - before, cpu_seconds(pid) - cpu
    return images / used, images / (time.monotonic() - started)


def _bare_round(installation: Installation) -> float:
    command = [sys.executable, "-m", "bench.contenders.bare_loop", str(ROUND_IMAGES), installation.source]
    return float(subprocess.run(command, env=installation.environment, cwd=CLONE, check=True, capture_output=True, text=True).stdout)


def _prepare_bare(installation: Installation) -> None:
    installation.execute("CREATE TABLE bare (number INT PRIMARY KEY, done TINYINT NOT NULL DEFAULT 0)")
    values = ",".join(f"({number},0)" for number in range(ROUND_IMAGES))
    installation.execute(f"INSERT INTO bare VALUES {values}")  # noqa: S608 - constants of this file
