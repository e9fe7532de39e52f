"""`/lag`, `/stalled` and `/fairness` of a real worker and a real web process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation, Process

SHOP = 12


@pytest.fixture
def looking(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose processes look every second, and whose lost rows stay so."""
    installation = Installation(install(snapshot_interval=1.0, rescue_interval=3600.0, lagging_after=2.0), stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


async def answer(installation: Installation, path: str, process: Process | None = None) -> dict[str, Any]:
    status, body = await installation.call("GET", path, process=process)
    return dict(body) if status == 200 else {}


async def test_a_backlog_is_told_by_every_process_until_it_is_done(looking: Installation) -> None:
    web, worker = await looking.start("one")
    worker.kill()
    await looking.register_many(SHOP, 100, "/flat/{n}?bytes=5000")

    async def behind() -> bool:
        lag, stalled = await answer(looking, "/lag"), await answer(looking, f"/stalled?shop={SHOP}&status=queued&limit=3")
        return (lag.get("lag"), lag.get("status"), stalled.get("queued"), len(stalled.get("items", []))) == (100, "LAGGING", 100, 3)

    await looking.until(behind, "the web process tells the backlog")
    worker = await looking.start_worker("two")

    async def done() -> bool:
        told = [(await answer(looking, "/lag", each)) for each in (web, worker)]
        rows = [(await answer(looking, "/stalled", each)) for each in (web, worker)]
        return all(lag.get("lag") == 0 and lag["status"] == "OK" for lag in told) and all(row.get("queued") == 0 for row in rows)

    await looking.until(done, "both processes tell that all is done")
    groups = {group["group"]: group for group in (await answer(looking, "/lag", worker))["groups"]}
    assert set(groups) == {looking.settings.app_id, looking.settings.requests_group}
    assert {topic["topic"] for topic in groups[looking.settings.app_id]["topics"]} == {spec.name for spec in looking.topics.images}
    assert all(len(topic["partitions"]) == 12 for group in groups.values() for topic in group["topics"])

    async def shared() -> bool:
        told = [await answer(looking, "/fairness", each) for each in (web, worker)]
        got = [[(shop["shop_no"], shop["hour"]["got"] > 0, shop["waiting"]) for shop in each.get("shops", [])] for each in told]
        return all(each == [(SHOP, True, 0)] for each in got)

    await looking.until(shared, "both processes tell which slots the shop got")
    metrics = (await looking.call("GET", "/metrics", process=worker))[1].decode()
    assert 'shop_images_fair_bound_seconds{share="bulk"}' in metrics
    assert f'shop_images_shop_slot_seconds{{shop="{SHOP}"}}' in metrics


async def test_lost_rows_and_the_pages_for_people_are_shown_by_a_worker(looking: Installation) -> None:
    await looking.start_web()
    await looking.put(SHOP, "a", "/flat/1?bytes=5000")
    worker = await looking.start_worker("one")
    await looking.all_in(SHOP, "DONE", 1)
    position = "topic = 'gone', `partition` = 1, `offset` = 5"
    sql = f"UPDATE image SET state = 'IN_PROGRESS', open_since = UTC_TIMESTAMP(6), {position} WHERE shop_no = %s"  # noqa: S608 - our own text

    async def lost() -> bool:
        looking.execute(sql, SHOP)  # again each time: the only pass of the rescue, when the worker starts, may still come
        stalled = await answer(looking, "/stalled", worker)
        return (stalled.get("count"), stalled.get("lost"), [item["status"] for item in stalled.get("items", [])]) == (1, 1, ["lost"])

    await looking.until(lost, "the lost row is told")
    for path in ("/lag", "/stalled"):
        status, page = await looking.call("GET", path, process=worker, headers={"Accept": "text/html"})
        assert (status, page[:15]) == (200, b"<!doctype html>")
    assert (await looking.call("GET", "/stalled?shop=4711", process=worker))[0] == 404
    assert (await looking.call("GET", "/stalled?limit=-1", process=worker))[0] == 400
    assert await looking.metric(worker, "shop_images_unfinished", kind="lost") == 1
