"""Bulk republish through running processes: repaired and told so, killed on the way, begun by mistake and taken back."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.e2e.installation import Installation

SHOP = 11


async def plan(installation: Installation, selection: dict[str, Any], rate: float = 1000.0) -> dict[str, Any]:
    status, answer = await installation.call("POST", "/v1/republish", json={"selection": selection, "rate": rate})
    assert status == 201, answer
    return dict(answer)


async def act(installation: Installation, run: int, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    status, answer = await installation.call("POST", f"/v1/republish/{run}/{what}", json=body or {})
    assert status in {200, 202}, answer
    return dict(answer)


async def run_of(installation: Installation, run: int) -> dict[str, Any]:
    return dict((await installation.call("GET", f"/v1/republish/{run}"))[1])


async def ended(installation: Installation, run: int, status: str = "finished") -> dict[str, Any]:
    async def has_ended() -> bool:
        return bool((await run_of(installation, run))["status"] == status)

    await installation.until(has_ended, f"run {run} is {status}")
    return await run_of(installation, run)


def fetches(installation: Installation, shop_no: int) -> Counter[bytes]:
    """Count how often each image was republished, by its history."""
    sql = "SELECT image_id, COUNT(*) FROM image_history WHERE shop_no = %s AND outcome = 'republished' GROUP BY image_id"
    return Counter(dict(installation.query(sql, (shop_no,))))


async def test_failed_images_are_repaired_and_the_run_says_so(installation: Installation) -> None:
    await installation.start()
    await installation.register_many(SHOP, 20, "/flaky/1/{n}?bytes=5000&status=410")
    await installation.post(SHOP, [{"op": "register", "image_id": "gone", "source_url": installation.source + "/status/410"}])
    await installation.all_in(SHOP, "FAILED", 21)
    made = await plan(installation, {"shops": [SHOP]})
    assert (made["status"], made["to_begin"], made["shops"], made["matched"]) == ("planned", 21, 1, {"FAILED": 21})
    tried = await act(installation, made["run"], "try")
    assert tried["shop_no"] == SHOP
    await act(installation, made["run"], "start")
    assert (await act(installation, made["run"], "start"))["run"] == made["run"]
    done = await ended(installation, made["run"])
    assert done["outcome"] == {"repaired": 20, "failed_same_way": 1}
    _, page = await installation.call("GET", f"/v1/republish/{made['run']}/images?status=failed_same_way")
    assert [(image["image_id"], image["former_code"], image["code"]) for image in page["images"]] == [
        ("gone", "source_gone", "source_gone")
    ]
    assert set(fetches(installation, SHOP).values()) == {1}


@pytest.mark.proof
async def test_a_run_survives_the_death_of_every_process_that_carries_it_out(installation: Installation) -> None:
    web, worker = await installation.start("one")
    await installation.register_many(SHOP, 120, "/flaky/1/{n}?bytes=5000&status=410")
    await installation.all_in(SHOP, "FAILED", 120)
    made = await plan(installation, {"shops": [SHOP]}, rate=20)
    await act(installation, made["run"], "start")

    async def begun(count: int) -> bool:
        return int((await run_of(installation, made["run"]))["to_begin"]) <= 120 - count

    await installation.until(lambda: begun(10), "some are begun")
    worker.kill()
    web.kill()
    await installation.restart_web()
    await installation.start_worker("two")
    done = await ended(installation, made["run"])
    assert done["outcome"] == {"repaired": 120}
    assert fetches(installation, SHOP) == Counter({f"i{n}".encode(): 1 for n in range(120)})


async def test_a_run_begun_by_mistake_is_taken_back_and_no_good_image_turns_bad(installation: Installation) -> None:
    _, worker = await installation.start()
    await installation.register_many(SHOP, 60, "/flat/{n}?bytes=5000")
    await installation.all_in(SHOP, "DONE", 60)
    objects = {image["image_id"]: image["object"] for image in shown(installation)}
    made = await plan(installation, {"shops": [SHOP], "states": ["done"], "include_good": True})
    worker.terminate()  # nobody fetches, so that all that is begun can be taken back
    await act(installation, made["run"], "start")

    async def all_begun() -> bool:
        return bool((await run_of(installation, made["run"]))["to_begin"] == 0)

    await installation.until(all_begun, "all are begun")
    await act(installation, made["run"], "cancel")
    done = await ended(installation, made["run"], "cancelled")
    assert done["outcome"] == {"taken_back": 60}
    assert installation.states(SHOP) == {"DONE": 60}
    await installation.start_worker("later")
    await asyncio.wait_for(nothing_queued(installation), 30)
    assert installation.states(SHOP) == {"DONE": 60}
    assert {image["image_id"]: image["object"] for image in shown(installation)} == objects


def shown(installation: Installation) -> list[dict[str, Any]]:
    rows = installation.query("SELECT image_id, object_key FROM image WHERE shop_no = %s", (SHOP,))
    return [{"image_id": image_id, "object": key} for image_id, key in rows]


async def nothing_queued(installation: Installation) -> None:
    async def is_empty() -> bool:
        status, lag = await installation.call("GET", "/lag")
        return status == 200 and lag["lag"] == 0

    await installation.until(is_empty, "the topics are read to their end")
