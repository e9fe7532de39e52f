"""Every outcome reaches the topic `results`, in the order of each image, over the real services."""

import json
from collections import defaultdict
from typing import Any

import pytest

from faust_app.core.results.result import ImageResult
from tests.e2e.installation import Installation

SHOP = 7


@pytest.fixture
async def running(installation: Installation) -> Installation:
    installation.settings = installation.settings.model_copy(update={"public_base_url": "https://cdn.test"})
    await installation.start()
    return installation


async def told(installation: Installation) -> list[ImageResult]:
    records = await installation.records(installation.topics.results.name)
    return [ImageResult.model_validate_json(record.value or b"") for record in records]


async def all_published(installation: Installation) -> None:
    left = "SELECT moved - published + (SELECT COUNT(*) FROM result_outbox) FROM result_sequence"
    await installation.until(lambda: installation.query(left) == ((0,),), "every result is published")


async def test_each_kind_of_outcome_is_told_in_the_order_of_its_image(running: Installation) -> None:
    await running.put(SHOP, "a", "/flat/1?bytes=5000", product_id="p", correlation_id="first", external_version=5)
    await running.put(SHOP, "gone", "/status/410/x.jpg")
    await running.until(lambda: running.states(SHOP) == {"DONE": 1, "FAILED": 1}, "both have ended")
    key = (await running.get(SHOP, "a"))["shown"]["object_key"]
    status, answer = await running.call(
        "PUT",
        f"/v1/shops/{SHOP}/images/a",
        json={"source_url": running.source + "/flat/2", "external_version": 4, "correlation_id": "late"},
    )
    assert (status, answer["superseded"]) == (200, True)
    await running.put(SHOP, "a", "/flat/1?bytes=5000", external_version=6)
    await running.until(lambda: running.states(SHOP) == {"DONE": 1, "FAILED": 1}, "fetched again")
    await running.produce(running.topics.requests.name, b'{"shop_no": 7, "image_id": "bad", "op": "x", "correlation_id": "r"}', b"{")
    await running.until(lambda: running.query("SELECT COUNT(*) FROM rejection") == ((2,),), "both records are refused")
    status, _ = await running.call("DELETE", f"/v1/shops/{SHOP}/images/a?external_version=7")
    assert status == 202
    await running.until(lambda: running.states(SHOP) == {"DELETED": 1, "FAILED": 1}, "deleted")
    await all_published(running)

    found: dict[str | None, list[ImageResult]] = defaultdict(list)
    for each in await told(running):
        found[each.image_id].append(each)
    assert {image: [each.kind.value for each in results] for image, results in found.items()} == {
        "a": ["stored", "superseded", "unchanged", "deleted"], "gone": ["failed"], "bad": ["rejected"],
    }  # fmt: skip
    stored, superseded, unchanged, _ = found["a"]
    assert (stored.correlation_id, stored.product_id, stored.external_version, stored.content_type) == (
        "first", "p", 5, "image/jpeg",
    )  # fmt: skip
    assert (superseded.correlation_id, superseded.external_version) == ("late", 4)
    assert unchanged.public_url == stored.public_url
    assert stored.public_url == "https://cdn.test/" + str(key)
    assert (found["gone"][0].code, found["gone"][0].fault) == ("source_gone", "shop")
    assert (found["bad"][0].shop_no, found["bad"][0].correlation_id) == (7, "r")
    positions = [each.position for each in found["a"]]
    assert positions == sorted(positions)
    keys = {record.key for record in await running.records(running.topics.results.name)}
    assert keys == {b"7/a", b"7/gone", b"7/bad"}


@pytest.mark.proof
async def test_results_wait_while_kafka_is_away_and_come_in_order_once_it_is_back(running: Installation) -> None:
    await running.put(SHOP, "a", "/flat/1?bytes=5000")
    await running.all_in(SHOP, "DONE", 1)
    await all_published(running)
    kafka = running.stack.kafka
    kafka.pause()
    try:
        await running.put(SHOP, "b", "/flat/2?bytes=5000")
        insert = "INSERT INTO result_outbox (at, shop_no, image_id, body) VALUES (UTC_TIMESTAMP(6), %s, 'c', %s)"
        for number in range(3):
            running.execute(insert, SHOP, json.dumps({"kind": "stored", "version": number}))
        await running.until(lambda: running.query("SELECT moved - published FROM result_sequence") == ((3,),), "three wait in the feed")
    finally:
        kafka.resume()
    await all_published(running)
    of_c: list[Any] = [each.version for each in await told(running) if each.image_id == "c"]
    assert list(dict.fromkeys(of_c)) == [0, 1, 2]
    assert of_c[-1] == 2
