"""One token's flood is answered with when to come back, and touches no other token."""

from tests.web.conftest import INTAKE, VIEW, Site

ITEMS = [{"op": "register", "image_id": f"i{n}", "source_url": "http://source.test/a.jpg"} for n in range(1000)]


async def test_a_token_that_sends_too_much_is_told_when_to_come_back_and_nothing_of_it_is_taken(site: Site) -> None:
    for _ in range(2):
        assert (await site.client.post("/v1/shops/7/images", json=ITEMS, headers=INTAKE)).status == 202
    answer = await site.client.post("/v1/shops/8/images", json=ITEMS, headers=INTAKE)
    assert (answer.status, answer.content_type, answer.headers["Retry-After"]) == (429, "application/problem+json", "51")
    assert "shop asks for more than 10 images a second; send this again in 51 s" in (await answer.json())["detail"]
    assert {shop_no for shop_no, _ in site.rows.rows} == {7}
    site.seconds[0] += 51
    assert (await site.client.post("/v1/shops/8/images", json=ITEMS, headers=INTAKE)).status == 202


async def test_another_token_is_not_touched(site: Site) -> None:
    for _ in range(2):
        await site.client.post("/v1/shops/7/images", json=ITEMS, headers=INTAKE)
    assert (await site.client.get("/v1/shops/7/images", headers=INTAKE)).status == 429
    assert (await site.client.get("/v1/shops/7/images", headers=VIEW)).status == 200


async def test_what_is_refused_is_counted_by_token(site: Site) -> None:
    for _ in range(3):
        await site.client.post("/v1/shops/7/images", json=ITEMS, headers=INTAKE)
    assert site.metrics.registry.get_sample_value("shop_images_rate_limited_total", {"token": "shop"}) == 1
