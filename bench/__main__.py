"""Runs the benchmark that the words name, and prints its table: `python -m bench NAME [ARGUMENTS]`.

Without a name it runs `contenders` and then `alone`.
"""

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.alone import alone
from bench.check.cost import check_cost
from bench.check.refusals import refusals
from bench.contenders.table import contenders
from bench.fairness.run import fairness
from bench.fairness.scheduler import schedulers
from bench.guard.guard import guard, record_guard
from bench.operators.mistake import mistake
from bench.operators.operate import operate
from bench.operators.pages import pages
from bench.operators.stalled import stalled
from bench.profile.profile import profile
from bench.reports.table import reports, scale_of
from bench.results.feed import feed
from bench.results.results import results
from bench.scaling.table import scaling
from bench.scaling.workers import scale
from bench.sources.burst import burst
from bench.sources.dead_hosts import among_dead_hosts
from bench.sources.hostile import hostile
from bench.worker.capacity import capacity
from bench.worker.compare import print_comparison
from bench.worker.driver import driver
from bench.worker.memory import memory
from bench.worker.metrics import metrics
from bench.worker.put import put
from bench.worker.startup import startup


@dataclass(frozen=True)
class Argument:
    """A word behind a benchmark's name; `read` raises ValueError for what it cannot be."""

    name: str
    read: Callable[[str], object]
    is_needed: bool = False
    is_repeated: bool = False

    def __str__(self) -> str:
        name = f"{self.name}..." if self.is_repeated else self.name
        return name if self.is_needed else f"[{name}]"


@dataclass(frozen=True)
class Benchmark:
    """What runs, what it measures in one line, and the arguments it is called with."""

    run: Callable[..., None]
    what: str
    arguments: tuple[Argument, ...] = ()

    def read(self, words: list[str]) -> list[object]:
        """Return the values of the words behind the name. Raises ValueError where they do not fit."""
        arguments = list(self.arguments)
        if arguments and arguments[-1].is_repeated:
            arguments += arguments[-1:] * len(words)
        if not sum(argument.is_needed for argument in arguments) <= len(words) <= len(arguments):
            raise ValueError(f"{len(words)} arguments do not fit")
        return [argument.read(word) for argument, word in zip(arguments, words, strict=False)]


def whole(word: str) -> int:
    """Return a number above 0. Raises ValueError."""
    number = int(word)
    if number <= 0:
        raise ValueError(f"{word} is not above 0")
    return number


def _fairness(*words: str) -> None:
    if words == ("schedulers",):
        schedulers()
    else:
        fairness(words)


def _list() -> None:
    print(usage())


_TREE: Final = Argument("TREE", Path, is_needed=True)
_CASES: Final = Argument("CASES", str, is_repeated=True)
BENCHMARKS: Final = {
    "alone": Benchmark(alone, "intake, a worker's memory, PUT and failures, each alone on the machine"),
    "burst": Benchmark(burst, "how fast a worker is where every source takes 100 ms"),
    "capacity": Benchmark(capacity, "what one worker does at each level of the image check"),
    "check": Benchmark(check_cost, "what the check of an image costs at each level, beside Pillow alone"),
    "compare": Benchmark(
        print_comparison,
        "this tree beside another: settle, worker, intake",
        (_TREE, Argument("PAIRS", whole)),
    ),
    "contenders": Benchmark(contenders, "the product beside the least code, plain Faust and FastStream", (Argument("ROUNDS", whole),)),
    "dead-hosts": Benchmark(among_dead_hosts, "how long a good image takes among many dead hosts"),
    "driver": Benchmark(driver, "what another driver of the database would save a settle", (Argument("PAIRS", whole),)),
    "fairness": Benchmark(
        _fairness,
        "how long quiet shops wait beside a burst, by the letters of the cases, or `schedulers`",
        (_CASES,),
    ),
    "feed": Benchmark(feed, "what readers of the feed cost a web process"),
    "guard": Benchmark(guard, "CPU of an image beside a recorded ratio; exits with 1 when it is 15 % slower", (Argument("ROUNDS", whole),)),
    "hostile": Benchmark(hostile, "how much one hostile image in ten slows down the others"),
    "list": Benchmark(_list, "names every benchmark"),
    "memory": Benchmark(memory, "a worker's memory over so many images", (Argument("IMAGES", whole),)),
    "metrics": Benchmark(metrics, "what metrics cost an image, and a page of them", (Argument("ROUNDS", whole),)),
    "mistake": Benchmark(mistake, "what a republish begun by mistake does until it is taken back"),
    "operate": Benchmark(operate, "what an operator waits for among a million images"),
    "pages": Benchmark(pages, "the operator's pages among two million images"),
    "profile": Benchmark(profile, "where each microsecond of an image goes, with flame graphs", (Argument("ROUNDS", whole),)),
    "put": Benchmark(put, "the CPU of a PUT over our connections and over aiohttp", (Argument("ROUNDS", whole),)),
    "record-guard": Benchmark(record_guard, "records the ratio that `guard` compares with", (Argument("ROUNDS", whole),)),
    "refusals": Benchmark(refusals, "what each level of the image check refuses of harmed, strange and hostile files"),
    "reports": Benchmark(reports, "reports over 20 million outcomes; targets are for scale 1", (Argument("SCALE", scale_of),)),
    "results": Benchmark(results, "how soon and how fast outcomes are told, and what that costs a settle"),
    "scale": Benchmark(scale, "what a second and a fourth worker add"),
    "scaling": Benchmark(scaling, "what an image costs each part, and what larger loads need"),
    "stalled": Benchmark(stalled, "how long it takes to find unfinished images among 10 million rows"),
    "startup": Benchmark(startup, "from exec of a worker to its first image", (Argument("TIMES", whole),)),
}


def main() -> None:
    """Run the benchmark that the arguments name. Exits with the list of all where there is none of that name."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started is stopped
    if not sys.argv[1:]:
        contenders()
        alone()
        return
    name, *words = sys.argv[1:]
    if name not in BENCHMARKS:
        sys.exit(f"bench: unknown benchmark {name!r}; python -m bench\n{usage()}")
    benchmark = BENCHMARKS[name]
    try:
        values = benchmark.read(words)
    except ValueError as error:
        sys.exit(f"bench {name}: {error}")
    benchmark.run(*values)


def usage() -> str:
    """Return a line for each benchmark: its name, its arguments, and what it measures."""
    calls = {" ".join((name, *map(str, each.arguments))): each.what for name, each in BENCHMARKS.items()}
    width = max(map(len, calls))
    return "\n".join(f"  {call:<{width}}  {what}" for call, what in calls.items())


if __name__ == "__main__":
    main()
