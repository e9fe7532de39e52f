"""What does the check of a 100 kB JPEG cost? CPU of the worker's process and of its children, by level, in turns."""

import asyncio
import io
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvloop
from PIL import Image
from rich.console import Console
from rich.table import Table

from bench.check import simplejpeg_child
from bench.figures import spread
from bench.installation import children
from devstack.image_source.pictures import flat_picture
from faust_app.adapters.image_check.pool import CheckPool, Level

ROUNDS = 11
IMAGES = 400
BYTES = 100_000
AT_ONCE = 20
"""Images that a worker has under way at once."""
PROCESSES = (1, 2, 4)
TARGET = 1200
_DRAFT = 8


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds an image: CPU of the parent, CPU of its children, and time that passes."""

    parent: float
    children: float
    wall: float

    @property
    def cpu(self) -> float:
        """CPU in all."""
        return self.parent + self.children


def check_cost() -> None:
    """Print what each level costs beside Pillow alone, and what the number of children changes."""
    contents = [flat_picture(number, BYTES) for number in range(IMAGES)]
    table = Table("what", "CPU, us an image", "of it in the parent", "passes, us an image", "to hold")
    structure, alone, decoded = uvloop.run(_measure(contents))
    measured = {"structure": structure} | {f"{name}, in one process": costs for name, costs in alone.items()}
    measured |= {f"decode, children: {count}": costs for count, costs in decoded.items()}
    for name, costs in measured.items():
        table.add_row(name, *(spread([getattr(cost, part) for cost in costs], ",.0f") for part in ("cpu", "parent", "wall")), "")
    for count, costs in decoded.items():
        above = [cost.cpu - base.cpu for cost, base in zip(costs, structure, strict=True)]
        table.add_row(f"decode above structure, children: {count}", spread(above, ",.0f"), "", "", f"<= {TARGET:,}")
    Console(width=150).print(table)


async def _measure(contents: list[bytes]) -> tuple[list[Cost], dict[str, list[Cost]], dict[int, list[Cost]]]:
    decoders: dict[str, Callable[[bytes], None]] = {"Pillow's draft": _bare_draft}
    if simplejpeg_child.is_installed():
        decoders[simplejpeg_child.NAME] = simplejpeg_child.decode
    structure, decoded = list[Cost](), {count: list[Cost]() for count in PROCESSES}
    alone = {name: list[Cost]() for name in decoders}
    for _ in range(ROUNDS):
        structure.append(await _level("structure", 1, contents))
        for name, decode in decoders.items():
            alone[name].append(_alone(contents, decode))
        for count, costs in decoded.items():
            costs.append(await _level("decode", count, contents))
    return structure, alone, decoded


async def _level(level: Level, processes: int, contents: list[bytes]) -> Cost:
    async with CheckPool(level, processes) as pool:
        await asyncio.gather(*(pool.check(content) for content in contents[: 4 * processes]))
        waiting = iter(contents)

        async def check() -> None:
            for content in waiting:
                await pool.check(content)

        pids = children(os.getpid())
        started, parent, others = time.perf_counter(), _own_cpu(), sum(map(_cpu_of, pids))
        await asyncio.gather(*(check() for _ in range(AT_ONCE)))
        wall, parent, others = time.perf_counter() - started, _own_cpu() - parent, sum(map(_cpu_of, pids)) - others
    return Cost(*(seconds / len(contents) * 1e6 for seconds in (parent, others, wall)))


def _alone(contents: list[bytes], check: Callable[[bytes], None]) -> Cost:
    started, cpu = time.perf_counter(), _own_cpu()
    for content in contents:
        check(content)
    return Cost((_own_cpu() - cpu) / len(contents) * 1e6, 0.0, (time.perf_counter() - started) / len(contents) * 1e6)


def _bare_draft(content: bytes) -> None:
    """Decode as cheaply as Pillow can, without a bound or a name for what is wrong."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        image.draft("L", (image.width // _DRAFT, image.height // _DRAFT))
        image.load()


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process by its own clock: the ticks of /proc are as long as five images."""
    return time.clock_gettime(~pid << 3 | 2)
