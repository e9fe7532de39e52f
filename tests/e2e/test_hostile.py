"""A real worker among hostile sources: each of them is named, and it goes on with the images of the others."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from devstack.hostile_source import FILES, MANNERS, HostileSource
from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation, Process

SHOP, GOOD_SHOP, STRANGE_SHOP = 9, 10, 11
SECRET = "s3cr3t"
TRANSIENT = ("source_", "egress_")
PERMANENT = {
    name: code for name, (code, _) in {**FILES, **MANNERS}.items() if not code.startswith(TRANSIENT)
}  # fmt: skip
"""Those that need no second try to be final."""


async def test_hostile_sources_are_named_and_harm_neither_the_worker_nor_the_images_of_others(
    install: Callable[..., Settings], stack: Stack, tmp_path: Path
) -> None:
    async with HostileSource() as source:
        allow = f"{stack.environment()['SOURCE_ALLOW']},127.0.0.1:{source.port}"
        installation = Installation(install(source_allow=allow, fetch_timeout=3.0, slots=8), stack, tmp_path)
        try:
            _, worker = await installation.start()
            await register(installation, [f"{source.url(name)}?sig={SECRET}" for name in PERMANENT])
            await installation.register_many(GOOD_SHOP, 100, "/flat/{n}?bytes=20000")
            await installation.post(
                STRANGE_SHOP, [{"op": "register", "image_id": f"i{n}", "source_url": source.url(f"strange/{n}")} for n in range(20)]
            )
            await installation.all_in(GOOD_SHOP, "DONE", 100)
            await installation.all_in(STRANGE_SHOP, "DONE", 20)
            assert installation.query("SELECT COUNT(*) FROM image_history WHERE shop_no = %s", STRANGE_SHOP) == ((20,),)
            await installation.all_in(SHOP, "FAILED", len(PERMANENT))
            codes = dict(installation.query("SELECT image_id, error_code FROM image WHERE shop_no = %s", SHOP))
            assert codes == {f"i{n}".encode(): code for n, code in enumerate(PERMANENT.values())}
            assert worker.alive
            log = worker.log.read_text()
            assert "Traceback" not in log
            assert SECRET not in log
            await nothing_shows_the_secret(installation)
        finally:
            installation.close()


async def register(installation: Installation, urls: list[str]) -> None:
    await installation.post(SHOP, [{"op": "register", "image_id": f"i{n}", "source_url": url} for n, url in enumerate(urls)])


async def nothing_shows_the_secret(installation: Installation) -> None:
    """Neither the page of an image nor a header of its dead letter; the dead letter's value is the record itself."""
    for number in range(len(PERMANENT)):
        answer = await installation.get(SHOP, f"i{number}")
        assert SECRET not in str(answer)
        assert answer["error"]["advice"]
    for record in await installation.records(installation.topics.dead_letter.name):
        assert SECRET not in str(record.headers)


async def test_a_child_that_is_killed_in_the_middle_costs_no_image(installation: Installation) -> None:
    _, worker = await installation.start()
    for shop_no in range(SHOP, SHOP + 5):  # a shop and a child a kill: an image that meets two is taken for the killer
        await installation.register_many(shop_no, 120, "/flat/{n}?bytes=20000&ms=30")
        await installation.until(lambda shop_no=shop_no: installation.states(shop_no)["DONE"] > 20, "images are stored")  # type: ignore[misc]
        os.kill(children(worker)[0], signal.SIGKILL)
        await installation.all_in(shop_no, "DONE", 120)
    assert len(children(worker)) == installation.settings.image_check_processes


@pytest.mark.parametrize("end", [Process.kill, Process.terminate])
async def test_children_end_with_their_worker_however_it_ends(installation: Installation, end: Callable[[Process], object]) -> None:
    _, worker = await installation.start()
    await installation.put(SHOP, "a", "/flat/1?bytes=20000")
    await installation.all_in(SHOP, "DONE", 1)
    started = children(worker)
    assert len(started) == installation.settings.image_check_processes
    end(worker)
    await installation.until(lambda: not any(Path(f"/proc/{child}").exists() for child in started), "the children are gone", limit=10)


def children(process: Process) -> list[int]:
    """Return the child processes that look at images."""
    pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in pids if b"image_check.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
