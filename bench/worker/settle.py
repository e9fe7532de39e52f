"""How fast outcomes are settled: rows, history, counts and garbage of groups, as a worker commits them."""

import json
import subprocess
import sys
from typing import Final

from bench.installation import Installation

IMAGES: Final = 3000
GROUP: Final = 50
# Run by the code of either tree, in a process of its own.
_CODE: Final = """
import asyncio, hashlib, json, sys, time
from datetime import timedelta
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.core.images.changes import Changes
from faust_app.core.images.outcome import Stored
from faust_app.core.images.row import Shown
from faust_app.core.images.transitions.accept import accept
from faust_app.core.messages.events import ImageRequest
from faust_app.flows.images.settle import settle_all
from faust_app.settings import load_settings

async def main(shop, images, group, without=0):
    if without:
        from faust_app.adapters.mariadb import image_writes
        from faust_app.core.images import changes
        image_writes.add_results = nothing_told
        changes.of_finished = nothing_told
    settings = load_settings(None)
    async with Database.connect(settings.database, 2) as database:
        rows = MariaImageRepository(database, Author("bench", "worker"))
        taken = []
        for first in range(0, images, 500):
            asked = [ImageRequest(op="register", shop_no=shop, image_id=f"i{n}", product_id=f"p{n // 10}", source_url=f"https://shop.test/a/{n}.jpg")
                     for n in range(first, first + 500)]
            def begin(locked):
                now, lease = locked.now, timedelta(seconds=600)
                made = [accept(locked.rows[each.key], each, requested_at=now, now=now, lease=lease).row for each in asked]
                return Changes(accepted=made), made
            taken += await rows.change([each.key for each in asked], begin, create=True)
        begun, cpu = time.perf_counter(), time.process_time()
        for first in range(0, images, group):
            some = taken[first : first + group]
            def shown(row):
                digest = hashlib.sha256(row.image_id).digest()
                key = f"shops/{shop}/{digest.hex()[:20]}/1-{digest.hex()[:16]}.jpg"
                return Shown(row.version, key, row.source_url, digest, 90000, "image/jpeg", 800, 600)
            outcomes = [Stored(row, shown(row)) for row in some]
            await rows.change([row.key for row in some], lambda locked: settle_all(outcomes, locked, timedelta(days=7)))
        print(json.dumps([time.perf_counter() - begun, time.process_time() - cpu]))

def nothing_told(*_):
    pass

asyncio.run(main(*map(int, sys.argv[1:])))
"""


def measure_settle(installation: Installation, shop: int, *, without_results: bool = False, first: str = "") -> tuple[float, float]:
    """Settle images that a shop has just asked for; return images a second, and images per CPU-second of the process.

    `without_results` leaves out what is told of them; `first` is code that the process runs before all else.
    """
    command = [sys.executable, "-c", f"{first}\n{_CODE}", str(shop), str(IMAGES), str(GROUP), *(["1"] if without_results else [])]
    done = subprocess.run(command, env=installation.environment, cwd=installation.folder, check=True, capture_output=True, text=True)
    seconds, cpu = json.loads(done.stdout.splitlines()[-1])
    return IMAGES / seconds, IMAGES / cpu
