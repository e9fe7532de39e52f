"""Failures on the real services: retries through their topic, dead letters that can be read, outages that cost nothing."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation, needs_kcat

SHOP = 9
LOAD = 3000
OUTAGES = {"seaweedfs": 30.0, "mariadb": 30.0, "kafka": 20.0}
"""Seconds each service is down under load."""
FULL_RATE_WITHIN = 90.0


@pytest.fixture
def quick(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    """An installation that tries again within a second."""
    installation = Installation(install(retry_delays=(0.5, 0.5, 0.5)), stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


async def started(installation: Installation, *workers: str) -> None:
    await installation.start(*workers or ("one",))


async def test_a_source_that_recovers_costs_retries_and_ends_in_storage(quick: Installation) -> None:
    await started(quick)
    await quick.put(SHOP, "a", "/flaky/2/1?bytes=9000")
    await quick.all_in(SHOP, "DONE", 1)
    image = await quick.get(SHOP, "a")
    assert [entry["outcome"] for entry in image["timeline"]] == ["stored", "retry", "retry"]
    retries = [json.loads(record.value) for record in await quick.records(quick.topics.retry.name)]
    assert [retry["retry_count"] for retry in retries] == [1, 2]
    assert {retry["last_error"]["code"] for retry in retries} == {"source_error"}
    assert await quick.records(quick.topics.dead_letter.name) == []


async def test_no_retry_comes_before_its_time(quick: Installation) -> None:
    await started(quick)
    await quick.register_many(SHOP, 9, "/flaky/1/{n}?bytes=5000")  # ten failures in a row would defer the host
    await quick.all_in(SHOP, "DONE", 9)
    waited = quick.query(
        "SELECT TIMESTAMPDIFF(MICROSECOND, r.at, s.at) FROM image_history r JOIN image_history s USING (shop_no, image_id)"
        " WHERE r.outcome = 'retry' AND s.outcome = 'stored'"
    )
    assert len(waited) == 9
    assert min(microseconds for (microseconds,) in waited) >= 0.5 * 0.75 * 1e6


async def test_past_three_retries_the_record_is_a_dead_letter_and_the_row_failed(quick: Installation) -> None:
    await started(quick)
    await quick.put(SHOP, "a", "/status/500/a.jpg?signature=secret")
    await quick.all_in(SHOP, "FAILED", 1)
    (letter,) = await quick.records(quick.topics.dead_letter.name)
    headers = {name: value.decode() for name, value in letter.headers}
    assert headers["kafka_dlt-original-topic"] == quick.topics.retry.name
    assert (headers["shop-images-code"], headers["shop-images-retry-count"]) == ("source_error", "3")
    assert not any("secret" in value for value in headers.values())
    assert json.loads(letter.value)["retry_count"] == 3
    assert [entry["outcome"] for entry in (await quick.get(SHOP, "a"))["timeline"]] == ["failed", "retry", "retry", "retry"]


async def test_a_missing_image_is_asked_for_once_more_after_a_minute_at_the_earliest(quick: Installation) -> None:
    await started(quick)
    await quick.put(SHOP, "a", "/status/404/a.jpg")
    await quick.until(lambda: quick.query("SELECT attempt FROM image WHERE shop_no = %s", SHOP) == ((1,),), "it failed once")
    ((seconds,),) = quick.query("SELECT TIMESTAMPDIFF(SECOND, updated_at, scheduled_at) FROM image WHERE shop_no = %s", SHOP)
    assert 44 <= seconds <= 75


@needs_kcat
async def test_kcat_shows_a_dead_letter_readable(shared: Installation) -> None:
    before = await _letters(shared)
    await shared.produce(shared.topics.bulk.name, b"\xff\x00 not json")
    await shared.until(lambda: _more_letters(shared, len(before)), "the record is a dead letter")
    ((partition, offset),) = (await _letters(shared)).keys() - before.keys()
    servers = ",".join(shared.settings.bootstrap_servers)
    words = [
        "kcat",
        "-b",
        servers,
        "-t",
        shared.topics.dead_letter.name,
        "-C",
        "-p",
        f"{partition}",
        "-o",
        f"{offset}",
        "-c",
        "1",
        "-q",
        "-f",
        "%h\n",
    ]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert b"shop-images-code=unparseable" in out
    assert f"kafka_dlt-original-topic={shared.topics.bulk.name}".encode() in out


@pytest.mark.parametrize(
    "value",
    [b"{" + b"x" * 990_000, b"\xff" * 100_000, b"[" * 200_000, b""],
    ids=["nearly 1 MB", "bytes that are no text", "deeply nested", "empty"],
)
async def test_any_record_fits_among_the_dead_letters_and_the_next_event_follows(shared: Installation, shop_no: int, value: bytes) -> None:
    before = await _letters(shared)
    await shared.produce(shared.topics.bulk.name, value, partition=3)
    await shared.until(lambda: _more_letters(shared, len(before)), "the record is a dead letter")
    await shared.put(shop_no, "a", "/flat/1?bytes=5000")
    await shared.all_in(shop_no, "DONE", 1)
    after = await _letters(shared)
    (letter,) = [after[place] for place in after.keys() - before.keys()]
    assert value.startswith(letter.value)
    assert len(letter.value) == min(len(value), 100_000)


@pytest.mark.proof
@pytest.mark.timeout(400)
@pytest.mark.parametrize("service", OUTAGES)
async def test_an_outage_under_load_costs_no_attempt_no_dead_letter_and_no_image(
    installation: Installation, service: str, record_property: Callable[[str, object], None]
) -> None:
    await started(installation, "one")
    await installation.register_many(SHOP, LOAD, "/flat/{n}?bytes=20000&ms=30")
    await installation.until(lambda: installation.states(SHOP)["DONE"] > 100, "the worker is in the middle")
    dependency = getattr(installation.stack, service)
    await asyncio.to_thread(dependency.kill)
    down = time.monotonic()
    try:
        if service != "kafka":  # whose outage stops the deliveries themselves
            await installation.until(lambda: _not_ready(installation, service), "the worker says that it cannot work, and why")
        await asyncio.sleep(max(0.0, OUTAGES[service] - (time.monotonic() - down)))
    finally:
        await asyncio.to_thread(dependency.start)
    seconds = await installation.all_in(SHOP, "DONE", LOAD, limit=FULL_RATE_WITHIN)
    record_property(f"seconds until all of {LOAD} images are stored after {OUTAGES[service]:.0f} s without {service}", f"{seconds:.1f}")
    spent = installation.query("SELECT COUNT(*) FROM image_history WHERE shop_no = %s AND outcome IN ('retry', 'failed')", SHOP)
    assert spent == ((0,),)
    assert await installation.records(installation.topics.dead_letter.name) == []
    assert Counter(row[0] for row in installation.query("SELECT attempt FROM image WHERE shop_no = %s", SHOP)) == {0: LOAD}
    keys = set(await installation.keys(f"shops/{SHOP}/"))
    shown = installation.query("SELECT object_key, image_id, updated_at FROM image WHERE shop_no = %s", SHOP)
    assert [row for row in shown if row[0] not in keys] == []


@pytest.mark.timeout(200)
@pytest.mark.parametrize("service", ["seaweedfs", "mariadb"])
async def test_a_worker_stops_within_ten_seconds_and_another_takes_over_during_an_outage(installation: Installation, service: str) -> None:
    await started(installation, "one", "two")
    await installation.register_many(SHOP, 600, "/flat/{n}?bytes=20000&ms=30")
    await installation.until(lambda: installation.states(SHOP)["DONE"] > 50, "the workers are in the middle")
    dependency = getattr(installation.stack, service)
    await asyncio.to_thread(dependency.kill)
    try:
        await installation.until(lambda: _not_ready(installation, service), "a worker says that it cannot work")
        assert installation.processes[-1].terminate() <= 10
    finally:
        await asyncio.to_thread(dependency.start)
    await installation.all_in(SHOP, "DONE", 600, limit=FULL_RATE_WITHIN)
    assert await installation.records(installation.topics.dead_letter.name) == []


async def test_a_stopped_worker_says_so_and_a_command_lets_it_go_on(installation: Installation) -> None:
    await started(installation, "one")
    await installation.until(lambda: len(installation.query("SELECT name FROM worker")) == 1, "the worker has entered itself")
    ((name,),) = installation.query("SELECT name FROM worker")
    installation.execute("UPDATE worker SET stopped_at = UTC_TIMESTAMP(6), stop_reason = 'bugs'")
    installation.processes[-1].kill()
    stopped = await installation.launch("again", port=int(name.rpartition(":")[2]))
    await installation.until(lambda: _says(installation, stopped, "shop-images resume"), "the worker says how to let it go on")
    await installation.put(SHOP, "a", "/flat/1?bytes=5000")
    out, _ = await installation.run_command("resume", "--json")
    assert json.loads(out) == {"resumed": [name]}
    await installation.all_in(SHOP, "DONE", 1)


async def _letters(installation: Installation) -> dict[tuple[int, int], ConsumerRecord]:
    """Return every dead letter by its partition and offset."""
    return {(letter.partition, letter.offset): letter for letter in await installation.records(installation.topics.dead_letter.name)}


async def _more_letters(installation: Installation, count: int) -> bool:
    return len(await _letters(installation)) > count


async def _not_ready(installation: Installation, service: str) -> bool:
    word = {"seaweedfs": "storage", "mariadb": "database"}[service]
    return await _says(installation, installation.processes[-1], word)


async def _says(installation: Installation, process: object, word: str) -> bool:
    status, answer = await installation.call("GET", "/ready", process=process)  # type: ignore[arg-type]
    return status == 503 and word in " ".join(answer["reasons"])
