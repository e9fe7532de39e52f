"""Runs the cases, fair shares on and then off, each in places of its own, and prints what came of them."""

import asyncio
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console

from bench.fairness.column import Column
from bench.fairness.course import Run, Show, Terms
from bench.fairness.hosts import hosts_up
from bench.fairness.numbers import CHECKED, Number, numbers_of
from bench.fairness.picture import PICTURE, picture
from bench.fairness.place import Place
from bench.fairness.scenarios import CASES
from bench.fairness.table import table_of, verdicts
from bench.fairness.throughput import PAIRS, measure_throughput
from bench.installation import CLONE
from devstack.ports import Ports
from devstack.stack import Stack

FULL: Final = Terms(factor=1.0, idle=30.0, limit=600.0)
THROUGHPUT: Final = "t"
_LINE_SECONDS: Final = 15.0
SCALED: Final = Terms(factor=0.25, idle=20.0, limit=300.0)


def fairness(words: Sequence[str]) -> None:
    """Run the cases whose letters the words name, all without one; `CHECK=1` scales them and exits with 1 when a number is missed.

    `t` is the throughput without a burst. The full run of (a) writes its picture.
    """
    is_check = os.environ.get("CHECK") == "1"
    letters = "".join(words) or (CHECKED if is_check else "".join(CASES) + THROUGHPUT)
    unknown = set(letters) - {*CASES, THROUGHPUT}
    if unknown:
        sys.exit(f"bench fairness: unknown case {', '.join(sorted(unknown))}; the cases are {', '.join(CASES)}, {THROUGHPUT}")
    terms, console, found, begun = SCALED if is_check else FULL, Console(width=140), list[tuple[str, Number]](), time.monotonic()
    for letter in letters:
        if letter == THROUGHPUT:
            console.print(f"({letter}) two workers in turns, {PAIRS} pairs")
            found.append((letter, measure_throughput()))
        else:
            found += [(letter, number) for number in _measured(letter, terms, console)]
    console.print(verdicts(found))
    console.print(f"{len(letters)} cases in {(time.monotonic() - begun) / 60:.0f} minutes")
    if is_check and not all(number.holds for _, number in found if number.target):
        sys.exit(1)


def _measured(letter: str, terms: Terms, console: Console) -> list[Number]:
    """Run a case, print its table, and return its numbers."""
    on, off = _case(letter, terms, console)
    console.print(table_of(letter, CASES[letter][0], on, off))
    if letter == "a" and terms is FULL:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(picture(on, off))
    return numbers_of(letter, on, off)


def _case(letter: str, terms: Terms, console: Console) -> tuple[Column, Column]:
    """Run one case with fair shares, then without."""
    _, build = CASES[letter]
    with (
        TemporaryDirectory(prefix="shop-images-bench-") as name,
        Stack(Path(name) / "stack", Ports.free(), CLONE / ".devstack") as stack,
        hosts_up() as hosts,
    ):
        burst, columns = build(hosts, terms.factor), []
        for is_fair in (True, False):
            word = "on" if is_fair else "off"
            started = time.monotonic()
            with _progress(console, f"({letter}) fair shares {word}") as show:
                place = Place(stack, Path(name) / word, hosts, burst, is_fair=is_fair)
                columns.append(asyncio.run(Run(place, hosts, burst, terms, show).observe()))
            console.print(f"({letter}) fair shares {word}: {time.monotonic() - started:.0f} s, quiet shops {columns[-1].quiet}")
    return columns[0], columns[1]


@contextmanager
def _progress(console: Console, title: str) -> Iterator[Show]:
    """Show how far a run is: in place on a terminal, else as a line now and then."""
    shown = -math.inf

    def line(what: str) -> None:
        nonlocal shown
        if time.monotonic() - shown >= _LINE_SECONDS:
            shown = time.monotonic()
            console.print(f"{title}: {what}")

    with console.status(title) as status:
        yield (lambda what: status.update(f"{title}: {what}")) if console.is_terminal else line
