"""Measures how long a good image takes behind 100 dead hosts of 10 images each: quiet, beside traffic, after a restart.

A third of the hosts refuses, a third has no name, a third swallows what is sent. The good image's host was never met before.
"""

import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.installation import Installation, installed
from devstack.dead_hosts import DeadHosts, dead_hosts

HOSTS = 100
DEAD_IMAGES = 10
BESIDE_PER_SECOND = 5
TRIES = 5
_GOOD_SHOPS = 7
_TRAFFIC_SHOP = 500
_FIRST_DEAD_SHOP = 1000


@dataclass(frozen=True)
class DeadHostFigures:
    """Seconds from the request of a good image until it is stored, for each try, by situation; attempts that dead hosts cost."""

    seconds: dict[str, list[float]]
    attempts_before: int
    attempts_after: int
    failed: int


def among_dead_hosts() -> None:
    """Measure how long a good image takes among many dead hosts."""
    table = Table("what", "measured", "to hold")
    with installed() as installation:
        figures = measure_dead_hosts(installation)
    for name, seconds in figures.seconds.items():
        tries = ", ".join(f"{each:.1f}" for each in seconds)
        table.add_row(f"a good image behind {HOSTS} dead hosts of {DEAD_IMAGES} images, {name}", f"{tries} s", "<= 5 s")
    table.add_row("attempts they cost before the restart", f"{figures.attempts_before:,}", f"<= {10 * HOSTS:,}")
    table.add_row("and with it", f"{figures.attempts_after:,}", "no more")
    table.add_row("images that failed", f"{figures.failed:,}", "0")
    Console().print(table)


def measure_dead_hosts(installation: Installation) -> DeadHostFigures:
    """Register the dead hosts' images anew for each situation and time good images that come right behind them."""
    seconds: dict[str, list[float]] = {}
    with _opened(installation) as dead, installation.process("faust_app.web_app"):
        with installation.process("faust_app"):
            seconds["quiet"] = _timed(installation, dead, 0)
            with _traffic(installation):
                seconds["beside traffic"] = _timed(installation, dead, 1)
            installation.until("SELECT COUNT(*) FROM source_host WHERE shop_no = 0 AND deferred_since IS NOT NULL", HOSTS)
        before = _attempts(installation)
        with installation.process("faust_app"):
            seconds["after a restart"] = _timed(installation, dead, 2)
            all_wait = f"SELECT COUNT(*) FROM image WHERE shop_no >= {_FIRST_DEAD_SHOP} AND scheduled_at IS NOT NULL"  # noqa: S608 - our own number
            installation.until(all_wait, 3 * HOSTS * DEAD_IMAGES)
        failed = installation.query(f"SELECT COUNT(*) FROM image WHERE shop_no >= {_FIRST_DEAD_SHOP} AND state = 'FAILED'")  # noqa: S608
        return DeadHostFigures(seconds, before, _attempts(installation), failed)


def _timed(installation: Installation, dead: DeadHosts, turn: int) -> list[float]:
    for number, host in enumerate(dead.hosts):
        urls = dead.urls(host, DEAD_IMAGES)
        _post(installation, _FIRST_DEAD_SHOP + number, [{"image_id": f"{turn}-{n}", "source_url": url} for n, url in enumerate(urls)])
    return [_good(installation, turn, number) for number in range(TRIES)]


def _good(installation: Installation, turn: int, number: int) -> float:
    shop, image_id, started = _GOOD_SHOPS + turn, f"g{number}", time.monotonic()
    _post(installation, shop, [{"image_id": image_id, "source_url": f"{installation.source}/flat/{turn}{number}?bytes=20000"}])
    sql = f"SELECT COUNT(*) FROM image WHERE shop_no = {shop} AND image_id = '{image_id}' AND state = 'DONE'"  # noqa: S608 - our own names
    while not installation.query(sql):
        if time.monotonic() - started > 300:  # noqa: PLR2004 - it hangs
            raise TimeoutError(f"a good image is not stored within 300 s, turn {turn}")
        time.sleep(0.02)
    return time.monotonic() - started


@contextmanager
def _traffic(installation: Installation) -> Iterator[None]:
    """Send good images of another shop during the block."""
    over = threading.Event()

    def send() -> None:
        for number in itertools.count():
            url = f"{installation.source}/flat/{number}?bytes=20000"
            _post(installation, _TRAFFIC_SHOP, [{"image_id": f"i{number}", "source_url": url}])
            if over.wait(1 / BESIDE_PER_SECOND):
                return

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def _post(installation: Installation, shop: int, items: list[dict[str, str]]) -> None:
    body = json.dumps([{"op": "register", **item} for item in items]).encode()
    headers = {"Authorization": f"Bearer {installation.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{installation.web_url}/v1/shops/{shop}/images", body, headers)  # noqa: S310 - our own server
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                answer.read()
                return
        except ConnectionError:
            time.sleep(0.1)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            time.sleep(0.1)
    raise TimeoutError("the web process does not answer")


def _attempts(installation: Installation) -> int:
    return installation.query(
        f"SELECT COUNT(*) FROM image_history WHERE shop_no >= {_FIRST_DEAD_SHOP} AND outcome IN ('retry', 'failed')"  # noqa: S608 - our own number
    )


@contextmanager
def _opened(installation: Installation) -> Iterator[DeadHosts]:
    """Run the dead hosts, which the workers may fetch from."""
    with dead_hosts(HOSTS) as dead:
        installation.environment["SOURCE_ALLOW"] += f",{dead.allow}"
        yield dead
