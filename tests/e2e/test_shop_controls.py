"""A paused shop over all entry points, on a running installation."""

import json
import time
from pathlib import Path

import aiohttp

from tests.e2e.installation import Installation

PAUSED, OTHER = 7, 8
PICTURE = "/pictures/a.jpg?bytes=20000"
BACKLOG = 300
SLOW, SLOW_PATH = "/crowded/7777/{n}?quick=300&bytes=5000", "/crowded/7777/"
"""The source counts each request when it comes, and answers a third of a second later."""


async def begun(installation: Installation) -> int:
    """Return how many of the slow images the source was asked for."""
    async with aiohttp.ClientSession() as http, http.get(installation.source + "/requests") as answer:
        paths = (await answer.json())["paths"]
    return sum(count["requests"] for path, count in paths.items() if path.startswith(SLOW_PATH))


async def test_what_a_paused_shop_sends_is_refused_at_every_entry_point_while_others_pass(
    installation: Installation, tmp_path: Path
) -> None:
    web, worker = await installation.start()
    await installation.run_command("shops", "pause", str(PAUSED), "--reason", "its catalogue is wrong", "--hours", "2")
    for process in (worker, web):
        await installation.until(lambda process=process: "shop control set" in process.log.read_text(), f"{process.name} knows the pause")  # type: ignore[misc]

    source = {"source_url": installation.source + PICTURE}
    await installation.restart_web()
    status, problem = await installation.call("PUT", f"/v1/shops/{PAUSED}/images/put", json=source)
    assert (status, problem["reason"], problem["until"] is not None) == (429, "its catalogue is wrong", True)
    await installation.put(OTHER, "put", PICTURE)

    requests = [{"op": "register", "shop_no": shop, "image_id": "topic", **source} for shop in (PAUSED, OTHER)]
    await installation.produce(installation.topics.requests.name, *(json.dumps(request).encode() for request in requests))
    await installation.all_in(OTHER, "DONE", 2)
    (letter,) = await installation.records(installation.topics.dead_letter.name)
    assert (dict(letter.headers)["shop-images-code"], json.loads(letter.value)["shop_no"]) == (b"shop_paused", PAUSED)

    catalogue = tmp_path / "catalogue.jsonl"
    catalogue.write_text(json.dumps({"image_id": "file", **source}))
    importing = ("import", str(catalogue), "--shop", str(PAUSED), "--format", "jsonl")
    _, told = await installation.run_command(*importing, code=1)
    assert "shop 7 is paused until " in told
    assert "no image was accepted" in told
    assert installation.states(PAUSED) == {}
    assert installation.query("SELECT COUNT(*) FROM alert WHERE closed_at IS NULL") == ((0,),), "a pause wakes nobody"

    await installation.run_command("shops", "resume", str(PAUSED))
    await installation.run_command(*importing)
    await installation.all_in(PAUSED, "DONE", 1)


async def test_a_shop_with_a_backlog_stops_when_it_is_paused_while_others_go_on_and_loses_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    installation.settings = installation.settings.model_copy(update={"slots": 16})
    web, worker = await installation.start()
    await installation.register_many(PAUSED, BACKLOG, SLOW)

    async def has_begun() -> bool:
        return await begun(installation) > 0

    await installation.until(has_begun, "the backlog is worked off")
    status, answer = await installation.call("PUT", f"/v1/shops/{PAUSED}/controls/pause", json={"reason": "its server burns"})
    assert status == 200, answer
    await installation.until(lambda: "shop control set" in worker.log.read_text(), "the worker knows the pause")
    counted = (await begun(installation), time.monotonic())

    async def stands_still() -> bool:
        nonlocal counted
        now = await begun(installation)
        if now != counted[0]:
            counted = (now, time.monotonic())
        return time.monotonic() - counted[1] > 1.0

    await installation.until(stands_still, "the source is asked for nothing more")
    assert 0 < counted[0] < BACKLOG, "the pause came while the shop had images left"

    # A catalogue takes the lane of the backlog.
    catalogue = tmp_path / "catalogue.jsonl"
    catalogue.write_text(json.dumps({"image_id": "file", "source_url": installation.source + PICTURE}))
    await installation.run_command("import", str(catalogue), "--shop", str(OTHER), "--format", "jsonl")
    await installation.all_in(OTHER, "DONE", 1)
    assert await begun(installation) == counted[0]
    assert installation.states(PAUSED)["IN_PROGRESS"] == BACKLOG - counted[0]

    ((unfinished,),) = installation.query("SELECT MIN(image_id) FROM image WHERE shop_no = %s AND state = 'IN_PROGRESS'", PAUSED)
    reason = f"shop {PAUSED} is paused: its server burns"
    _, image = await installation.call("GET", f"/v1/shops/{PAUSED}/images/{unfinished.decode()}")
    assert reason in image["scheduled"]["held_by"]
    _, page = await installation.call("GET", f"/admin/shops/{PAUSED}/images/{unfinished.decode()}")
    assert reason in page.decode()
    for process in (worker, web):
        assert reason in (await installation.call("GET", f"/stalled?shop={PAUSED}", process=process))[1]["held_by"], process.name

    status, answer = await installation.call("DELETE", f"/v1/shops/{PAUSED}/controls/pause")
    assert status in {200, 204}, answer
    await installation.all_in(PAUSED, "DONE", BACKLOG)
    assert await begun(installation) == BACKLOG, "each image was fetched once"
