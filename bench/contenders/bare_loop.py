"""The least code that moves images: a loop, without Kafka. `python -m bench.contenders.bare_loop NAME [pillow]` runs until it is ended.

With `pillow` each image is decoded whole by Pillow, in processes beside the loop, before it is stored.
"""

import asyncio
import io
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from typing import Final

import uvloop
from PIL import Image

from bench.contenders.image_mover import SLOTS, Check, ImageMover, open_mover
from faust_app.settings import Settings

PROCESSES: Final = 2
_POLL_SECONDS: Final = 0.02


async def main(name: str, processes: ProcessPoolExecutor | None) -> None:
    """Move what is not done, again and again."""
    check = None if processes is None else partial(_decoded, processes)
    async with open_mover(name, Settings(_env_file=None)) as mover:
        while True:
            images = iter(await mover.images())
            first = list(islice(images, SLOTS))
            await asyncio.gather(*(_slot(mover, each, images, check) for each in first))
            await asyncio.sleep(_POLL_SECONDS)


async def _slot(mover: ImageMover, first: tuple[str, str], images: Iterator[tuple[str, str]], check: Check | None) -> None:
    await mover.move(*first, check)
    for image in images:
        await mover.move(*image, check)


async def _decoded(processes: ProcessPoolExecutor, body: bytes) -> None:
    await asyncio.get_running_loop().run_in_executor(processes, decode, body)


def decode(body: bytes) -> None:
    """Decode an image whole, in this process."""
    with Image.open(io.BytesIO(body)) as image:
        image.load()


if __name__ == "__main__":
    if sys.argv[2:] == ["pillow"]:
        with ProcessPoolExecutor(PROCESSES) as pool:
            uvloop.run(main(sys.argv[1], pool))
    else:
        uvloop.run(main(sys.argv[1], None))
