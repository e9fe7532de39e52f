"""How much does one hostile image in ten slow down the others? A worker's rate on good images, alone and beside every kind of harm.

Each kind has a host of its own, as in production, and a new one in each batch, because a host known to be bad costs less.
The worker decodes every image whole, the default. The figures are medians over the rounds of one run.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.installation import CLONE, Installation, cpu_seconds_of_family, installed
from bench.turn import stopped
from devstack.hostile_source import FILES, MANNERS
from devstack.ports import free_port

RECORDS = 10_000
WARM_UP = 1000
BYTES = 100_000
EVERY = 10
KINDS = {**{name: code for name, (code, _) in FILES.items()}, **{name: code for name, (code, _) in MANNERS.items()}}
TIMED_OUT = {"source_timeout", "source_too_slow"}
"""Kinds that only a timeout ends: such an image holds a slot, and the acknowledgements behind it, for 5 or 20 seconds."""
ROUNDS = 3
_WARM_UP_SHOP = 10
"""The shop whose images warm up the worker; each measured batch uses the next shop number."""


@dataclass(frozen=True)
class Rate:
    """Good images per second, and per CPU-second of the worker and its children, since the services share the machine."""

    per_second: float
    per_cpu_second: float


@dataclass(frozen=True)
class HostileFigures:
    """Rates on good images by round; how many hostile images are finished, and how many of them with the expected code."""

    alone: list[Rate]
    beside_quick: list[Rate]
    beside_all: list[Rate]
    finished: int
    named: int


def kept(rates: list[Rate], alone: list[Rate]) -> list[Rate]:
    """Return each round's rate as a share of the rate alone."""
    pairs = zip(rates, alone, strict=True)
    return [Rate(rate.per_second / full.per_second, rate.per_cpu_second / full.per_cpu_second) for rate, full in pairs]


def typical(rates: list[Rate]) -> Rate:
    """Return the medians."""
    return Rate(median(rate.per_second for rate in rates), median(rate.per_cpu_second for rate in rates))


def hostile() -> None:
    """Measure how much one hostile image in ten slows down the others."""
    table = Table("what", "measured", "target")
    with installed("decode") as installation:
        figures = measure_hostile(installation)
    alone = typical(figures.alone)
    table.add_row("good images, alone", f"{alone.per_second:,.0f}/s, {alone.per_cpu_second:,.0f} per CPU-second", "")
    for name, rates in (("of the quick kinds", figures.beside_quick), ("of every kind", figures.beside_all)):
        rate, shares = typical(rates), kept(rates, figures.alone)
        share, rounds = typical(shares), ", ".join(f"{share.per_second:.2f}" for share in shares)
        table.add_row(
            f"every tenth hostile, {name}",
            f"{rate.per_second:,.0f}/s, {rate.per_cpu_second:,.0f} per CPU-second",
            f"{share.per_second:.2f} and {share.per_cpu_second:.2f} kept ({rounds}), >= 0.80",
        )
    table.add_row("hostile images that failed with the expected code", f"{figures.named:,} of {figures.finished:,}", "all")
    Console().print(table)


def measure_hostile(installation: Installation) -> HostileFigures:
    """Measure in each round RECORDS good images, then as many with every tenth hostile: of the quick kinds, then of all."""
    with _hostile_source(installation) as port, installation.process("faust_app") as process:
        _import(installation, _WARM_UP_SHOP, [_good(installation, number) for number in range(WARM_UP)])
        installation.until(_done(_WARM_UP_SHOP), WARM_UP)
        quick = [name for name, code in KINDS.items() if code not in TIMED_OUT]
        alone: list[Rate] = []
        beside_quick: list[Rate] = []
        beside_all: list[Rate] = []
        for _ in range(ROUNDS):
            shop = _WARM_UP_SHOP + 1 + len(alone) + len(beside_quick) + len(beside_all)
            alone.append(_rate(installation, process, shop, [_good(installation, WARM_UP + number) for number in range(RECORDS)]))
            beside_quick.append(_rate(installation, process, shop + 1, _mixed(installation, port, shop + 1, quick)))
            beside_all.append(_rate(installation, process, shop + 2, _mixed(installation, port, shop + 2, list(KINDS))))
        return HostileFigures(alone, beside_quick, beside_all, *_endings(installation))


def _rate(installation: Installation, process: "subprocess.Popen[bytes]", shop: int, urls: list[str]) -> Rate:
    """Queue the images while the worker is stopped, resume it, and return its rate on good images."""
    good = sum("/flat/" in url for url in urls)
    with stopped(process):
        _import(installation, shop, urls)
    started, cpu = time.monotonic(), cpu_seconds_of_family(process.pid)
    installation.until(_done(shop), good)
    return Rate(good / (time.monotonic() - started), good / (cpu_seconds_of_family(process.pid) - cpu))


def _endings(installation: Installation) -> tuple[int, int]:
    failed = f"SELECT COUNT(*) FROM image WHERE shop_no > {_WARM_UP_SHOP} AND state = 'FAILED'"  # noqa: S608 - constants of this file
    named = [f"(error_code = '{code}' AND source_url LIKE '%/{name}/%')" for name, code in KINDS.items()]
    return installation.query(failed), installation.query(f"{failed} AND ({' OR '.join(named)})")


def _good(installation: Installation, number: int) -> str:
    return f"{installation.source}/flat/{number}?bytes={BYTES}"


def _mixed(installation: Installation, port: int, shop: int, kinds: list[str]) -> list[str]:
    urls = [_good(installation, number) for number in range(RECORDS)]
    for number in range(0, RECORDS, EVERY):
        kind = kinds[number // EVERY % len(kinds)]
        urls[number] = f"http://{_host(shop, kind)}:{port}/{kind}/{number}"
    return urls


def _host(shop: int, kind: str) -> str:
    return f"127.0.{shop}.{list(KINDS).index(kind) + 1}"


def _done(shop: int) -> str:
    return f"SELECT COUNT(*) FROM image WHERE shop_no = {shop} AND state = 'DONE'"  # noqa: S608 - as above


def _import(installation: Installation, shop: int, urls: list[str]) -> None:
    path = installation.folder / f"shop-{shop}.jsonl"
    path.write_text("".join(json.dumps({"image_id": f"i{n}", "source_url": url}) + "\n" for n, url in enumerate(urls)))
    report = json.loads(installation.command("import", str(path), "--shop", str(shop), "--format", "jsonl", "--json"))
    assert report["accepted"] == len(urls), report


@contextmanager
def _hostile_source(installation: Installation) -> Iterator[int]:
    """Run the hostile source beside the services, and allow the worker to fetch from it."""
    port = free_port()
    hosts = ",".join(f"{_host(shop, kind)}:{port}" for shop in range(_WARM_UP_SHOP, _WARM_UP_SHOP + 1 + 3 * ROUNDS) for kind in KINDS)
    installation.environment["SOURCE_ALLOW"] += f",{hosts}"
    process = subprocess.Popen([sys.executable, "-m", "devstack.hostile_source", str(port)], cwd=CLONE)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)
