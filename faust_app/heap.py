"""When Python looks for garbage: objects that only a cycle of references keeps alive."""

import gc
from typing import Final

_COLLECT_AFTER: Final = (100_000, 50, 1000)
"""Objects that are made and kept before a collection of the youngest, then collections before one of the next older generation."""
CYCLES_SECONDS: Final = 60.0
"""Seconds between two collections of everything; each holds up the event loop for some 10 ms."""


def freeze_heap() -> None:
    """Exempt every object that exists from garbage collection.

    To be called once a process is up: its modules and parts live as long as it does, and a full collection that visits them
    holds up the event loop for 85 ms, whatever waits for an answer.
    """
    gc.collect()
    gc.freeze()


def tune_collector() -> None:
    """Freeze the heap, and collect what comes later seldom: for a worker, which holds many small objects and drops large ones.

    A process that calls it has to run `collect_cycles` every CYCLES_SECONDS.
    """
    freeze_heap()
    # Python's own 700 counts what lives, not what is garbage: the events that a worker holds make it collect again and again and
    # find nothing. It can be this seldom because what fails leaves no cycle that holds an image: `core.failure.without_frames`.
    gc.set_threshold(*_COLLECT_AFTER)


async def collect_cycles() -> None:
    """Free what only cycles keep alive.

    By time, because garbage can be few objects and much memory: aiokafka's consumer leaves a cycle around the batch of each partition
    that it stops reading, which it does whenever the age of the oldest events is looked up.
    """
    gc.collect()
