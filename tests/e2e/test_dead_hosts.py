"""Dead hosts hold up nobody but their own images, and cost those nothing once they are known; an outage of ours costs nothing."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack.dead_hosts import DeadHosts, dead_hosts
from devstack.hostile_source import HostileSource
from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation, Process

GOOD = 7
DEAD = range(1000, 1060)
IMAGES = 10
SOON = 30.0
"""A generous bound: the benchmark `dead-hosts` measures how long it takes."""


@pytest.fixture
def dead() -> Iterator[DeadHosts]:
    with dead_hosts(len(DEAD)) as hosts:
        yield hosts


@pytest.fixture
def installation(install: Callable[..., Settings], stack: Stack, tmp_path: Path, dead: DeadHosts) -> Iterator[Installation]:
    allow = f"{stack.environment()['SOURCE_ALLOW']},{dead.allow}"
    installation = Installation(install(source_allow=allow, retry_delays=(1.0, 2.0, 4.0)), stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


async def register_dead(installation: Installation, dead: DeadHosts) -> None:
    for shop, host in zip(DEAD, dead.hosts, strict=True):
        urls = dead.urls(host, IMAGES)
        await installation.post(shop, [{"op": "register", "image_id": f"i{n}", "source_url": url} for n, url in enumerate(urls)])


async def good_one_is_stored(installation: Installation, image_id: str) -> None:
    await installation.put(GOOD, image_id, f"/flat/{image_id}?bytes=9000")
    sql = "SELECT state FROM image WHERE shop_no = %s AND image_id = %s"
    await installation.until(
        lambda: installation.query(sql, GOOD, image_id.encode()) == (("DONE",),), f"good image {image_id} stored", limit=SOON
    )


def attempts(installation: Installation) -> int:
    ((spent,),) = installation.query("SELECT COUNT(*) FROM image_history WHERE shop_no >= %s AND outcome IN ('retry', 'failed')", DEAD[0])
    return int(spent)


def found_down(installation: Installation) -> bool:
    ((count,),) = installation.query("SELECT COUNT(*) FROM source_host WHERE deferred_since IS NOT NULL AND shop_no = 0")
    return bool(count == len(DEAD))


@pytest.mark.timeout(300)
async def test_a_good_image_is_stored_among_dead_hosts_alone_beside_traffic_and_after_a_restart(
    installation: Installation, dead: DeadHosts
) -> None:
    _, worker = await installation.start()
    await register_dead(installation, dead)
    await good_one_is_stored(installation, "1")
    for number in range(2, 12):
        await good_one_is_stored(installation, str(number))
    worker.kill()
    worker = await installation.start_worker("again")
    await good_one_is_stored(installation, "12")
    assert await installation.metric(worker, "shop_images_breaker_open", dependency="egress") == 0
    await installation.until(lambda: found_down(installation), "every host is found to be down", limit=120)
    spent = attempts(installation)
    assert spent <= 10 * len(DEAD)
    worker.kill()
    await installation.start_worker("third")
    await register_dead(installation, dead)
    await good_one_is_stored(installation, "13")
    await installation.until(lambda: scheduled(installation) == len(DEAD) * IMAGES, "all of them wait for their hosts", limit=60)
    assert attempts(installation) == spent
    assert installation.query("SELECT COUNT(*) FROM image WHERE state = 'FAILED'") == ((0,),)


def scheduled(installation: Installation) -> int:
    ((count,),) = installation.query("SELECT COUNT(*) FROM image WHERE shop_no >= %s AND scheduled_at IS NOT NULL", DEAD[0])
    return int(count)


class Network(HostileSource):
    """Good images at any loopback address; while `down`, nothing that is asked is answered."""

    def __init__(self) -> None:
        super().__init__(bind="0.0.0.0")  # noqa: S104 - every loopback address is a host
        self.down = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            await reader.read()  # until the other side has enough of it
            writer.close()
        else:
            await super()._serve(reader, writer)


SHOPS = range(1, 8)


def host(shop: int) -> str:
    return f"127.78.0.{shop}"


@pytest.mark.timeout(240)
async def test_an_outage_of_our_network_costs_no_attempt_also_of_a_worker_that_starts_during_it(
    install: Callable[..., Settings], stack: Stack, tmp_path: Path
) -> None:
    async with Network() as network:
        allow = f"{stack.environment()['SOURCE_ALLOW']}," + ",".join(f"{host(shop)}:{network.port}" for shop in SHOPS)
        installation = Installation(install(source_allow=allow, fetch_timeout=2.0), stack, tmp_path)
        try:
            _, worker = await installation.start()
            await register_good(installation, network, "before")
            await done(installation, 1)
            sql = "SELECT COUNT(*) FROM source_host WHERE answered_at IS NOT NULL"
            await installation.until(lambda: installation.query(sql) == ((len(SHOPS),),), "what answered is kept")
            network.down = True
            await register_good(installation, network, "during")
            await named_everywhere(installation, worker)
            worker.kill()
            await installation.launch("late", port=worker.port)
            late = installation.processes[-1]
            await register_good(installation, network, "later")
            await installation.until(lambda: is_open(installation, late), "the late worker knows it too")
            network.down = False
            await done(installation, 3)
            assert (
                installation.query("SELECT shop_no, image_id, outcome, detail FROM image_history WHERE outcome IN ('retry', 'failed')")
                == ()
            )
            assert installation.query("SELECT DISTINCT attempt FROM image") == ((0,),)
            await installation.until_ready(late)
        finally:
            installation.close()


async def named_everywhere(installation: Installation, worker: Process) -> None:
    """What holds the images is named by both processes and by the images themselves."""
    await installation.until(lambda: is_open(installation, worker), "the worker says so")
    await installation.until(lambda: says(installation, "/lag", "held_by"), "web's /lag says so", limit=10)
    await installation.until(lambda: says(installation, "/ready", "degraded"), "web's /ready says so", limit=10)
    await installation.until(lambda: says(installation, "/stalled", "held_by"), "/stalled says so", limit=10)
    assert (await installation.call("GET", "/ready"))[0] == 200
    assert (await installation.call("GET", "/lag"))[1]["status"] != "OK"
    image = await installation.get(SHOPS[0], "during")
    assert "sources cannot be reached from here" in str(image["scheduled"])


async def says(installation: Installation, path: str, field: str) -> bool:
    _, answer = await installation.call("GET", path)
    return "sources cannot be reached from here" in str(answer.get(field))


async def is_open(installation: Installation, worker: Process) -> bool:
    status, answer = await installation.call("GET", "/ready", process=worker)
    return status == 503 and "egress" in " ".join(answer["reasons"])


async def register_good(installation: Installation, network: Network, image_id: str) -> None:
    for shop in SHOPS:
        url = f"http://{host(shop)}:{network.port}/good/{shop}"
        await installation.post(shop, [{"op": "register", "image_id": image_id, "source_url": url}])


async def done(installation: Installation, images: int) -> None:
    sql = "SELECT COUNT(*) FROM image WHERE state = 'DONE'"
    await installation.until(lambda: installation.query(sql) == ((images * len(SHOPS),),), "all are stored", limit=90)
