"""A database that is set back to a backup made in the middle of a run: nothing more is deleted, and the rest is mended."""

import json
import subprocess
from pathlib import Path

import pytest

from faust_app.core.maintenance.garbage import COUNTER, counter_key
from tests.e2e.installation import Installation

SHOP, LATER = 10, 11


def mariadb(installation: Installation, program: str, *options: str, **streams: object) -> None:
    """Run one of the database's own programs on the installation's database."""
    account = installation.settings.database
    command = [
        installation.stack.mariadb.program(program), "--no-defaults", f"--host={account['host']}", f"--port={account['port']}",
        f"--user={account['user']}", *options, account["db"],
    ]  # fmt: skip
    subprocess.run(command, env={"MYSQL_PWD": account["password"]}, check=True, timeout=60, **streams)  # type: ignore[call-overload]


def dump(installation: Installation, path: Path) -> None:
    with path.open("wb") as file:
        mariadb(installation, "mariadb-dump", "--single-transaction", "--skip-ssl", stdout=file)


def restore(installation: Installation, path: Path) -> None:
    with path.open("rb") as file:
        mariadb(installation, "mariadb", "--skip-ssl", stdin=file)


async def collected(installation: Installation) -> None:
    """Make all garbage due, and wait until it is deleted."""
    installation.execute("UPDATE garbage SET due_at = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR")
    await installation.until(lambda: installation.query("SELECT COUNT(*) FROM garbage") == ((0,),), "all garbage is deleted")


async def checked(installation: Installation, *words: str) -> dict[str, object]:
    out, _ = await installation.run_command("check", "--deep", "--json", code=None)
    return dict(json.loads(out))


async def test_after_a_restore_nothing_is_deleted_until_recover_has_mended_what_differs(installation: Installation, tmp_path: Path) -> None:
    _, worker = await installation.start()
    await installation.register_many(SHOP, 40, "/flat/{n}?bytes=5000")
    await installation.all_in(SHOP, "DONE", 40)
    dump(installation, tmp_path / "dump.sql")
    for number in range(10):
        await installation.put(SHOP, f"i{number}", f"/flat/{1000 + number}?bytes=5000")
    await installation.call("DELETE", f"/v1/shops/{SHOP}/images/i39")
    await installation.register_many(LATER, 5, "/flat/{n}?bytes=6000")
    await installation.until(lambda: installation.states(SHOP) == {"DONE": 39, "DELETED": 1}, "everything is done")
    await installation.all_in(LATER, "DONE", 5)
    await collected(installation)
    worker.terminate()
    assert installation.web is not None
    installation.web.terminate()
    before = await installation.keys()

    restore(installation, tmp_path / "dump.sql")
    installation.execute(
        "INSERT INTO garbage (shop_no, image_id, target, due_at) SELECT shop_no, image_id, object_key, '2020-01-01' FROM image LIMIT 1"
    )
    installation.execute("DELETE FROM lease")  # of the processes that are gone; they would run out within half a minute
    await installation.start_worker("set back")
    await installation.until(
        lambda: installation.query("SELECT COUNT(*) FROM alert WHERE code = 'database_went_back' AND closed_at IS NULL") == ((1,),),
        "people are told",
    )
    assert await installation.keys() == before
    assert installation.query("SELECT COUNT(*) FROM garbage") == ((1,),)

    tried = json.loads((await installation.run_command("recover", "--dry-run", "--json"))[0])
    gone = sorted([*(f"i{number}" for number in range(10)), "i39"])
    images = [{"shop_no": SHOP, "image_id": name} for name in gone]
    assert tried["without_object"] == {"count": 11, "republished": 0, "replaced": 10, "images": images}
    assert (tried["behind"]["count"], tried["objects_without_row"]["count"]) == (10, 5)
    assert tried["collector_passes"]["bucket"] > tried["collector_passes"]["database"]
    assert installation.states(SHOP) == {"DONE": 40}

    out, _ = await installation.run_command("recover")
    assert "11 images whose object is missing: 11 are fetched again" in out
    await installation.all_in(SHOP, "DONE", 40)
    await installation.until(
        lambda: installation.query("SELECT COUNT(*) FROM garbage WHERE due_at < '2021-01-01'") == ((0,),), "it goes on"
    )
    assert (await checked(installation))["violations"] == []
    unknown = [key for key in await installation.keys() if key.startswith(f"shops/{LATER}/")]
    assert len(unknown) == 5, "what belongs to no row is kept"
    assert json.loads((await installation.run_command("recover", "--dry-run", "--json"))[0])["without_object"]["count"] == 0
    ((passes,),) = installation.query("SELECT passes FROM collector")
    assert await installation.keys(COUNTER) == [counter_key(passes)]


async def test_what_a_dead_worker_left_is_found_and_deleted_and_what_is_shown_is_not(installation: Installation) -> None:
    await installation.start()
    await installation.register_many(SHOP, 5, "/flat/{n}?bytes=5000")
    await installation.all_in(SHOP, "DONE", 5)
    shown = set(await installation.keys("shops/"))
    left = next(iter(shown)).rpartition("/")[0] + "/1-0123456789abcdef.jpg"
    await installation.put_object(left, b"left behind")
    await installation.until(lambda: installation.query("SELECT target FROM garbage") == ((left,),), "the audit lists it")
    await collected(installation)
    assert set(await installation.keys("shops/")) == shown


async def test_far_too_much_garbage_waits_for_leave(installation: Installation) -> None:
    await installation.start()
    await installation.register_many(SHOP, 2, "/flat/{n}?bytes=5000")
    await installation.all_in(SHOP, "DONE", 2)
    ((shown,),) = installation.query("SELECT object_key FROM image WHERE image_id = 'i0'")
    left = shown.rpartition("/")[0] + "/1-0123456789abcdef.jpg"
    installation.execute(
        "INSERT INTO garbage (shop_no, image_id, target, due_at)"
        " SELECT shop_no, image_id, %s, '2020-01-01' FROM image JOIN seq_1_to_1001 WHERE image_id = 'i0'",
        left,
    )
    await installation.put_object(left, b"left behind")
    await installation.until(
        lambda: installation.query("SELECT COUNT(*) FROM alert WHERE code = 'too_much_garbage' AND closed_at IS NULL") == ((1,),),
        "people are told",
    )
    out, _ = await installation.run_command("garbage")
    assert "1,001 entries listed, 1,001 due" in out
    assert "`shop-images garbage --delete-anyway`" in out
    assert left in await installation.keys("shops/")
    await installation.run_command("garbage", "--delete-anyway")
    await installation.until(lambda: installation.query("SELECT COUNT(*) FROM garbage") == ((0,),), "all of it is dealt with")


@pytest.mark.parametrize("words", [["recover", "--now"], ["garbage", "--delete-anyway", "3"]], ids=" ".join)
async def test_a_wrong_word_changes_nothing_and_is_told(installation: Installation, words: list[str]) -> None:
    _, err = await installation.run_command(*words, code=2)
    assert err.startswith("shop-images ")
