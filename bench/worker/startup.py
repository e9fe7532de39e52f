"""How soon a worker works: from exec to the first image stored, in a consumer group of its own, with compiled modules."""

import time
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.figures import spread
from bench.installation import DONE, Installation, installed
from bench.intake.rounds import take_in

TIMES: Final = 5
TARGET: Final = 3.0
"""Seconds."""
_POLL_SECONDS: Final = 0.01
_LIMIT: Final = 60.0


def startup(times: int = TIMES) -> None:
    """Measure starts, one after the other, and print them."""
    with installed("structure") as installation:
        installation.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        seconds = [_start(installation, number) for number in range(times + 1)][1:]  # the first one compiles
    table = Table("what", "measured", "to hold")
    table.add_row(f"exec to the first image stored, {times} starts", f"{spread(seconds, '.2f')} s", f"<= {TARGET:g} s")
    Console(width=120).print(table)


def _start(installation: Installation, number: int) -> float:
    """Queue an image, start a worker in a new group, and return the seconds until the image is stored.

    The storing itself takes some hundredths of a second of them. A group whose last member died would wait for its session to end.
    """
    take_in(installation, number, 1)
    own = {"APP_ID": f"started-{number}", "DATA_DIR": str(installation.folder / f"started-{number}")}
    begun = time.monotonic()
    with installation.process("faust_app", f"started-{number}", **own):
        while installation.query(DONE) <= number:
            installation.refuse_ended()
            if time.monotonic() > begun + _LIMIT:
                raise TimeoutError("the worker stores no image")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - begun
