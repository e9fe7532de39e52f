"""From each entry point to the stored object, through real Kafka, MariaDB and object storage."""

import asyncio
import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.installation import Installation, needs_kcat

PICTURE = "/pictures/{name}.{extension}?bytes=20000"
EXTENSIONS = ["jpg", "png", "gif", "webp", "avif"]
SHOP = 7


def url(name: str, extension: str = "jpg", **parameters: object) -> str:
    return PICTURE.format(name=name, extension=extension) + "".join(f"&{key}={value}" for key, value in parameters.items())


@pytest.fixture
async def running(installation: Installation) -> Installation:
    await installation.start()
    return installation


async def test_every_entry_point_leads_to_a_stored_object_whose_bytes_are_the_sources(
    shared: Installation, shop_no: int, tmp_path: Path
) -> None:
    paths = {f"put-{extension}": url(f"put-{extension}", extension) for extension in EXTENSIONS}
    for image_id, path in paths.items():
        await shared.put(shop_no, image_id, path)

    batch = {f"post-{n}": url(f"post-{n}") for n in range(3)}
    await shared.post(shop_no, [{"op": "register", "image_id": i, "source_url": shared.source + path} for i, path in batch.items()])

    topic = {f"topic-{n}": url(f"topic-{n}") for n in range(3)}
    requests = [_request(i, shared.source + path, shop_no=shop_no) for i, path in topic.items()]
    await shared.produce(shared.topics.requests.name, *requests)

    catalogue = tmp_path / "catalogue.jsonl"
    file = {f"file-{n}": url(f"file-{n}") for n in range(3)}
    lines = [json.dumps({"image_id": i, "source_url": shared.source + path}) for i, path in file.items()]
    catalogue.write_text("\n".join(lines))
    out, _ = await shared.run_command("import", str(catalogue), "--shop", str(shop_no), "--format", "jsonl", "--wait", "--json")
    report = json.loads(out)
    assert (report["accepted"], report["stored"], report["failed"]) == (3, 3, 0)

    everything = paths | batch | topic | file
    await shared.all_in(shop_no, "DONE", len(everything))
    for image_id, path in everything.items():
        assert await shared.content(shop_no, image_id) == await shared.source_bytes(path), image_id


@needs_kcat
async def test_a_record_written_by_kcat_is_accepted(shared: Installation, shop_no: int) -> None:
    command = ["kcat", "-P", "-b", shared.settings.bootstrap_servers[0], "-t", shared.topics.requests.name]
    record = _request("by-kcat", shared.source + url("by-kcat"), shop_no=shop_no) + b"\n"
    await asyncio.to_thread(subprocess.run, command, input=record, check=True, timeout=20)
    await shared.all_in(shop_no, "DONE", 1)


async def test_a_deleted_image_is_gone_from_the_row_and_from_storage(shared: Installation, shop_no: int) -> None:
    await shared.put(shop_no, "a", url("a"))
    await shared.all_in(shop_no, "DONE", 1)
    key = (await shared.get(shop_no, "a"))["shown"]["object_key"]
    assert shared.stack.seaweedfs.request("GET", f"/{shared.settings.s3_bucket}/{key}") == 200
    status, _ = await shared.call("DELETE", f"/v1/shops/{shop_no}/images/a")
    assert status == 202
    await shared.all_in(shop_no, "DELETED", 1)
    await shared.until(
        lambda: shared.stack.seaweedfs.request("GET", f"/{shared.settings.s3_bucket}/{key}") == 404, "the object is collected"
    )
    status, _ = await shared.call("GET", f"/v1/shops/{shop_no}/images/a/content")
    assert status == 404
    timeline = [entry["outcome"] for entry in (await shared.get(shop_no, "a"))["timeline"]]
    assert timeline == ["deleted", "stored"]


async def test_an_update_overtakes_the_register_before_it(running: Installation) -> None:
    first = await running.put(SHOP, "a", url("old", ms=1500))
    await running.until(lambda: _is_working(running), "the worker fetches the first version")
    second = await running.put(SHOP, "a", url("new"))
    await running.all_in(SHOP, "DONE", 1)
    assert second > first
    done = await running.get(SHOP, "a")
    assert (done["shown_version"], done["version"]) == (second, second)
    await running.until(lambda: _has_ended(running, "refused"), "the slow register is through as well, and refused")
    assert await running.content(SHOP, "a") == await running.source_bytes(url("new"))
    targets = [target for (target,) in running.query("SELECT target FROM garbage WHERE shop_no = %s", SHOP)]
    assert [f"/{first}-" in target for target in targets] == [True], "the object of the overtaken version is garbage"


async def test_a_late_request_with_a_lower_revision_changes_nothing(running: Installation) -> None:
    await running.put(SHOP, "a", url("new"), external_version=5)
    status, answer = await running.call(
        "PUT", f"/v1/shops/{SHOP}/images/a", json={"source_url": running.source + url("old"), "external_version": 4}
    )
    assert (status, answer["superseded"]) == (200, True)
    await running.produce(running.topics.requests.name, _request("a", running.source + url("old"), external_version=3))
    await running.all_in(SHOP, "DONE", 1)
    await running.until(lambda: _is_superseded(running), "the record is decided too")
    outcomes = "SELECT COUNT(*) FROM image_history WHERE shop_no = %s AND outcome = 'superseded'"
    taken = "SELECT SUM(next_offset) FROM intake_offset"
    await running.until(lambda: running.query(taken) == ((1,),), "the late record is read")
    assert running.query(outcomes, SHOP) == ((1,),), "one line of a version tells of all requests before it"
    assert await running.content(SHOP, "a") == await running.source_bytes(url("new"))


async def test_an_unchanged_source_is_not_transferred_again(shared: Installation, shop_no: int) -> None:
    await shared.put(shop_no, "a", url("a"))
    await shared.all_in(shop_no, "DONE", 1)
    key = (await shared.get(shop_no, "a"))["shown"]["object_key"]
    await shared.put(shop_no, "a", url("a"))
    await shared.all_in(shop_no, "DONE", 1)
    again = await shared.get(shop_no, "a")
    assert [entry["outcome"] for entry in again["timeline"]] == ["not_modified", "stored"]
    assert again["shown"]["object_key"] == key


async def test_a_failed_image_has_a_dead_letter_and_an_unparseable_record_holds_up_nobody(running: Installation) -> None:
    await running.put(SHOP, "missing", "/status/410/missing.jpg")
    await running.all_in(SHOP, "FAILED", 1)
    failed = await running.get(SHOP, "missing")
    assert failed["error"]["code"] == "source_gone"

    await running.produce(running.topics.bulk.name, b"\x00not json", partition=0)
    await running.produce(running.topics.requests.name, b"{", partition=0)
    await running.produce(running.topics.requests.name, _request("next", running.source + url("next")), partition=0)
    await running.until(lambda: running.states(SHOP)["DONE"] == 1, "the record behind is served")
    letters = await running.records(running.topics.dead_letter.name)
    codes = Counter(dict(letter.headers)["shop-images-code"].decode() for letter in letters)
    assert codes == {"source_gone": 1, "unparseable": 2}
    assert {letter.value for letter in letters} >= {b"\x00not json", b"{"}


async def test_status_and_the_pages_of_both_processes_answer(running: Installation) -> None:
    await running.put(SHOP, "a", url("a"))
    await running.all_in(SHOP, "DONE", 1)
    out, _ = await running.run_command("status", "--json")
    assert json.loads(out)["images"] == {"IN_PROGRESS": 0, "DONE": 1, "FAILED": 0, "DELETED": 0}
    status, metrics = await running.call("GET", "/metrics")
    assert status == 200
    assert b'shop_images_requests_total{decision="accepted",entry_point="http"} 1.0' in metrics
    status, problem = await running.call("GET", "/metrics", headers={"Authorization": ""})
    assert (status, problem["status"]) == (401, 401)


def _request(image_id: str, source_url: str, *, shop_no: int = SHOP, **fields: object) -> bytes:
    return json.dumps({"op": "register", "shop_no": shop_no, "image_id": image_id, "source_url": source_url, **fields}).encode()


async def _has_ended(running: Installation, end: str) -> bool:
    return await running.metric(running.processes[-1], "shop_images_events_total", end=end) >= 1


async def _is_superseded(running: Installation) -> bool:
    return await running.metric(running.processes[-1], "shop_images_requests_total", entry_point="topic", decision="superseded") >= 1


async def _is_working(running: Installation) -> bool:
    return await running.metric(running.processes[-1], "shop_images_running_events") == 1


async def test_a_thousand_equal_records_cost_at_most_a_fetch_in_two_seconds(
    running: Installation, record_property: Callable[[str, object], None]
) -> None:
    started = time.monotonic()
    request = _request("a", running.source + url("a"))
    await running.produce(running.topics.requests.name, *[request] * 1000)
    await running.until(lambda: running.query("SELECT SUM(next_offset) FROM intake_offset") == ((1000,),), "all are read")
    await running.all_in(SHOP, "DONE", 1)
    seconds = time.monotonic() - started
    ((lines,),) = running.query("SELECT COUNT(*) FROM image_history WHERE shop_no = %s", SHOP)
    ((stored,),) = running.query("SELECT COUNT(*) FROM image_history WHERE shop_no = %s AND outcome <> 'superseded'", SHOP)
    record_property("fetches and lines of 1,000 equal records", f"{stored}, {lines} in {seconds:.1f} s")
    assert stored <= 2 + seconds / 2
    assert lines <= 2 * stored
