"""Which lane images take on the real services, by what their shops send at a time."""

import asyncio
import json
from pathlib import Path

from tests.e2e.installation import Installation

GIANT, QUIET, CATALOGUE = 20, 21, 22
PATH = "/flat/{n}?bytes=5000"


def topics(installation: Installation, shop_no: int) -> dict[str, int]:
    """Return how many of a shop's events are in each topic; those without a position yet are left out."""
    sql = "SELECT topic, COUNT(*) FROM image WHERE shop_no = %s AND `offset` IS NOT NULL GROUP BY topic"
    return dict(installation.query(sql, shop_no))


async def test_a_giants_images_beyond_its_burst_and_a_catalogue_are_bulk_and_others_are_express(
    installation: Installation, tmp_path: Path
) -> None:
    express, bulk = installation.topics.express.name, installation.topics.bulk.name
    web = await installation.start_web()
    quiet = [installation.put(QUIET, f"q{n}", PATH.format(n=n)) for n in range(3)]
    await asyncio.gather(installation.register_many(GIANT, 200, PATH), *quiet)
    file = tmp_path / "catalogue.jsonl"
    file.write_text("\n".join(json.dumps({"image_id": f"c{n}", "source_url": installation.source + PATH.format(n=n)}) for n in range(30)))
    await installation.run_command("import", str(file), "--shop", str(CATALOGUE), "--format", "jsonl")
    await installation.until(lambda: topics(installation, GIANT) == {express: 20, bulk: 180}, "the giant has its burst, no more")
    await installation.until(lambda: topics(installation, QUIET) == {express: 3}, "the quiet shop is express")
    assert topics(installation, CATALOGUE) == {bulk: 30}
    published = [await installation.metric(web, "shop_images_published_total", topic=topic) for topic in (express, bulk)]
    assert published == [23, 180]

    await installation.start_worker()
    for shop_no, count in ((GIANT, 200), (QUIET, 3), (CATALOGUE, 30)):
        await installation.all_in(shop_no, "DONE", count)
    assert await installation.metric(web, "shop_images_express_factor") == 1
