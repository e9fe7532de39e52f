"""What fair shares cost while nobody has a burst: two workers in turns on the same images, pair by pair.

Both have images of forty shops waiting, taken in while their lanes are paused; the sources answer at once, so that the worker's own work
is what is measured.
"""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.fairness.hosts import Hosts, hosts_up
from bench.fairness.numbers import Number
from bench.fairness.place import Place
from bench.fairness.scenarios import Burst
from bench.installation import CLONE, DONE
from bench.intake.requests_topic import Request, send
from bench.turn import resumed, stopped
from bench.worker.compare import Ratios
from devstack.ports import Ports
from devstack.stack import Stack
from faust_app.core.dispatch.lanes import Lane

PAIRS: Final = 15
SHOPS: Final = range(3001, 3041)
_ROUND_IMAGES: Final = 3000
_LEFT: Final = "SELECT COUNT(*) FROM image WHERE state = 'IN_PROGRESS'"
_SPARE_ROUNDS: Final = 3
"""Rounds of images beyond those that are timed: to warm up, and for what is stored beyond a round before the worker is stopped."""
_WITHIN: Final = 0.03
_WITHIN_NOISE: Final = 0.05
"""Where pairs lie on both sides of 1."""


def measure_throughput() -> Number:
    """Return images a second with fair shares divided by those without."""
    with TemporaryDirectory(prefix="shop-images-bench-") as name, ExitStack() as running:
        folder = Path(name)
        stack = running.enter_context(Stack(folder / "stack", Ports.free(), CLONE / ".devstack"))
        hosts, rates = running.enter_context(hosts_up()), list[tuple[float, float]]()
        places = [Place(stack, folder / word, hosts, Burst({}), is_fair=word == "on") for word in ("on", "off")]
        for number, place in enumerate(places):
            place.environment["WORKER_PORT"] = str(stack.ports.worker - number)
        workers = [running.enter_context(_worker(place, _requests(hosts))) for place in places]
        for turn in range(PAIRS + 1):
            order = list(zip(places, workers, strict=True))[:: 1 if turn % 2 else -1]
            rate = {place: _rate(place, worker) for place, worker in order}
            rates.append((rate[places[0]], rate[places[1]]))
    return _number(Ratios("images a second", tuple(on / off for on, off in rates[1:])))


def _number(ratios: Ratios) -> Number:
    """Judge the median; the limit is wider where the pairs cannot tell the two apart."""
    limit = _WITHIN_NOISE if min(ratios.pairs) <= 1 <= max(ratios.pairs) else _WITHIN
    measured = f"{ratios.middle:.3f} ({min(ratios.pairs):.3f} to {max(ratios.pairs):.3f}, {len(ratios.pairs)} pairs)"
    return Number("throughput without a burst, with / without", measured, f">= {1 - limit:.2f}", median(ratios.pairs) >= 1 - limit)


def _requests(hosts: Hosts) -> list[Request]:
    each = _ROUND_IMAGES * (PAIRS + 1 + _SPARE_ROUNDS) // len(SHOPS)
    return [
        {"op": "register", "shop_no": shop, "image_id": f"i{number}", "source_url": hosts.flat(shop, number, 0)}
        for number in range(each)
        for shop in SHOPS
    ]


def _rate(place: Place, worker: "subprocess.Popen[bytes]") -> float:
    """Resume the worker until it has stored so many images; return images a second. Raises RuntimeError where too few are left."""
    if place.query(_LEFT) < _ROUND_IMAGES:
        raise RuntimeError("too few images are left for another round: the worker stored more than a round in its turns")
    with resumed(worker):
        before, begun = place.query(DONE), time.monotonic()
        place.until(DONE, before + _ROUND_IMAGES)
        stored, seconds = place.query(DONE) - before, time.monotonic() - begun
    return stored / seconds


@contextmanager
def _worker(place: Place, requests: list[Request]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker that has taken all requests in, stopped whenever it is not its turn."""
    for lane in Lane:
        place.command("lanes", "pause", lane.value, "--reason", "images are taken in first")
    asyncio.run(send(place, requests))
    with place.process("faust_app") as process:
        place.until("SELECT COUNT(*) FROM image", len(requests))
        for lane in Lane:
            place.command("lanes", "resume", lane.value)
        place.until(DONE, _ROUND_IMAGES)
        with stopped(process):
            yield process
