"""What an image costs each part: CPU of its processes, transactions, and bytes that are kept."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from bench.installation import DONE, Installation, cpu_seconds_of_family, installed
from bench.intake.rounds import take_in

IMAGES: Final = 12_000
_LEAD: Final = 2_000
_PUTS: Final = 4_000
_AT_ONCE: Final = 50
_TOPIC_SUFFIXES: Final = ("express", "bulk", "retry", "results")
_ROWS: Final = (
    "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN ({})"
)
_COMMITS: Final = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'COM_COMMIT'"


@dataclass(frozen=True)
class Costs:
    """Of one image: microseconds of CPU, transactions, and bytes with their keys; `web` and `web_database` are of one request by HTTP.

    `worker` is at level `decode`, the default.
    """

    worker: float
    worker_structure: float
    database: float
    kafka: float
    storage: float
    transactions: float
    web: float
    web_database: float
    row_bytes: float
    history_bytes: float
    topic_bytes: float


def measure_costs() -> Costs:
    """Store images with one worker at each level, then accept requests by the web process; divide what that took by their number."""
    with installed("structure") as installation:
        structure = _stored(installation)["worker"]
    with installed("decode") as installation:
        spent = _stored(installation)
        rows = installation.query("SELECT COUNT(*) FROM image")
        row_bytes, history_bytes = (_table_bytes(installation, name) / rows for name in ("image", "image_history"))
        topic_bytes = sum(map(_folder_bytes, _topic_folders(installation))) / rows
        web, web_database = _web_costs(installation)
    return Costs(
        worker=spent["worker"],
        worker_structure=structure,
        database=spent["database"],
        kafka=spent["kafka"],
        storage=spent["storage"],
        transactions=spent["transactions"],
        web=web,
        web_database=web_database,
        row_bytes=row_bytes,
        history_bytes=history_bytes,
        topic_bytes=topic_bytes,
    )


def _stored(installation: Installation) -> dict[str, float]:
    """Return microseconds of CPU an image by part, and `transactions`."""
    take_in(installation, 0, IMAGES + 2 * _LEAD)
    with installation.process("faust_app") as worker:
        installation.until(DONE, _LEAD)
        pids = {**_services(installation), "worker": worker.pid}
        images, used, commits = installation.query(DONE), _used(pids), installation.query(_COMMITS)
        installation.until(DONE, images + IMAGES)
        images, commits = installation.query(DONE) - images, installation.query(_COMMITS) - commits
        spent = {name: (now - used[name]) / images * 1e6 for name, now in _used(pids).items()}
        installation.until(DONE, IMAGES + 2 * _LEAD)
    return {**spent, "transactions": commits / images}


def _services(installation: Installation) -> dict[str, int]:
    stack = installation.stack
    return {"database": stack.mariadb.pid, "kafka": stack.kafka.pid, "storage": stack.seaweedfs.pid}


def _used(pids: Mapping[str, int]) -> dict[str, float]:
    return {name: cpu_seconds_of_family(pid) for name, pid in pids.items()}


def _table_bytes(installation: Installation, name: str) -> int:
    installation.execute(f"ANALYZE TABLE {name}")
    return installation.query(_ROWS.format(f"'{name}'"))


def _topic_folders(installation: Installation) -> list[Path]:
    prefix = installation.settings.topics.bulk.name.removesuffix("bulk")
    wanted = tuple(f"{prefix}{suffix}-" for suffix in _TOPIC_SUFFIXES)
    return [path.parent for path in installation.stack.folder.rglob("*.log") if path.parent.name.startswith(wanted)]


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.log"))


def _web_costs(installation: Installation) -> tuple[float, float]:
    """Return microseconds of CPU of the web process and of the database, for a request over HTTP."""
    with installation.process("faust_app.web_app") as web:
        pids = {"web": web.pid, "database": installation.stack.mariadb.pid}
        return asyncio.run(_accepted(installation, pids))


async def _accepted(installation: Installation, pids: Mapping[str, int]) -> tuple[float, float]:
    headers = {"Authorization": f"Bearer {installation.token}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=_AT_ONCE)) as http:
        await installation.until_ready(http, installation.web_url)
        used = _used(pids)
        await asyncio.gather(*(_put(http, installation, number) for number in range(_PUTS)))
        spent = {name: (now - used[name]) / _PUTS * 1e6 for name, now in _used(pids).items()}
    return spent["web"], spent["database"]


async def _put(http: aiohttp.ClientSession, installation: Installation, number: int) -> None:
    body = {"source_url": f"{installation.source}/flat/{number}?bytes=5000"}
    async with http.put(f"{installation.web_url}/v1/shops/2/images/i{number}", json=body) as answer:
        answer.raise_for_status()
