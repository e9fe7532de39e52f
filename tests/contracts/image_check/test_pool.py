"""What an image can do to the child that looks at it, and that nothing of it reaches the worker or the next image."""

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devstack.hostile_files import jpeg_of_scans
from faust_app.adapters.image_check.child import READY, REQUEST
from faust_app.adapters.image_check.pool import CheckPool, ChildError, Limits
from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.sources.content import ImageFacts
from faust_app.metrics import Metrics
from tests.pictures import FORMATS, picture

LIMITS = Limits(cpu=1, wall=30.0)  # on a busy machine a second of CPU takes several
CLONE = Path(__file__).parents[3]


@pytest.fixture
async def nasty() -> AsyncIterator[CheckPool]:
    async with CheckPool("decode", 2, limits=LIMITS, program="tests.contracts.image_check.nasty_child") as pool:
        yield pool


async def crashed(pool: CheckPool, content: bytes) -> Permanent:
    with pytest.raises(Permanent) as caught:
        await pool.check(content)
    assert caught.value.code is FailureCode.CHECK_CRASHED
    return caught.value


async def the_next_images_are_unaffected(pool: CheckPool) -> None:
    facts = await asyncio.gather(pool.check(b"slow"), pool.check(b"slow"))
    assert len({one.width for one in facts}) == 2, "every place is filled by a living child"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"die", "SIGSEGV"),
        (b"memory", "status 1"),
        (b"cpu", "CPU"),
        (b"lie", "no valid answer"),
        (b"flood", "no valid answer"),
    ],
)
async def test_an_image_that_ends_its_child_twice_is_given_up_and_the_next_is_unaffected(
    nasty: CheckPool, content: bytes, reason: str
) -> None:
    assert reason in (await crashed(nasty, content)).detail
    await the_next_images_are_unaffected(nasty)


async def test_an_answer_too_many_is_not_taken_for_that_of_the_next_image() -> None:
    async with CheckPool("decode", 1, limits=LIMITS, program="tests.contracts.image_check.nasty_child") as pool:
        assert (await pool.check(b"twice")).width == 1
        assert (await pool.check(b"fine")).height == len(b"fine")


@pytest.mark.parametrize("size", [1, 100_000, 1_000_000, 20_000_000])
async def test_images_of_every_size_reach_a_child_whole(nasty: CheckPool, size: int) -> None:
    assert [facts.height for facts in await asyncio.gather(*(nasty.check(bytes(size)) for _ in range(3)))] == [size] * 3


def test_a_child_that_is_stopped_and_continued_in_the_middle_of_an_image_reads_on() -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.contracts.image_check.nasty_child", str(LIMITS.memory), str(LIMITS.cpu)]
    with ours, theirs, subprocess.Popen(command, cwd=CLONE, stdin=theirs.fileno()) as process:
        theirs.close()
        assert ours.recv(len(READY)) == READY
        ours.sendall(REQUEST.pack(1, 10) + b"first")
        while _unread(ours):
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        process.send_signal(signal.SIGCONT)
        os.waitid(os.P_PID, process.pid, os.WCONTINUED)
        ours.sendall(b" half")
        assert b"image/jpeg" in ours.recv(1024)
        ours.close()


def _unread(channel: socket.socket) -> int:
    """Return how many of the bytes sent the other side has not read."""
    return int.from_bytes(fcntl.ioctl(channel, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


async def test_a_child_that_hangs_is_ended_and_replaced() -> None:
    async with CheckPool("decode", 1, limits=Limits(wall=0.5), program="tests.contracts.image_check.nasty_child") as pool:
        await pool.check(b"fine")
        assert "did not answer" in (await crashed(pool, b"hang")).detail


async def test_an_image_whose_child_was_killed_by_accident_is_tried_once_more(nasty: CheckPool, tmp_path: Path) -> None:
    facts = await nasty.check(b"die-once " + os.fsencode(tmp_path / "marker"))
    assert facts.extension == "jpg"
    assert _names(tmp_path) == ["marker"]
    await the_next_images_are_unaffected(nasty)


async def test_metrics_tell_how_many_children_live_work_and_were_started_again() -> None:
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    async with CheckPool("decode", 2, metrics, limits=Limits(wall=0.5), program="tests.contracts.image_check.nasty_child") as pool:
        asked = asyncio.create_task(pool.check(b"fine"))
        await asyncio.sleep(0)
        assert [value("shop_images_check_children", {"state": state}) for state in ("alive", "busy")] == [2, 1]
        await asked
        await crashed(pool, b"hang")
        assert (value("shop_images_check_children", {"state": "busy"}), value("shop_images_check_children_restarted_total")) == (0, 1)


async def test_children_that_do_not_start_are_our_fault_and_no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ChildError):
        async with CheckPool("decode", 1, program="tests.no_such_child"):
            pass
    async with CheckPool("decode", 1, limits=LIMITS, program="tests.contracts.image_check.nasty_child") as pool:
        monkeypatch.setattr(pool, "_program", "tests.no_such_child")
        with pytest.raises(ChildError):
            await pool.check(b"die")
        monkeypatch.undo()
        assert (await pool.check(b"fine")).extension == "jpg", "the place is free again"


async def test_a_cancelled_image_frees_its_place_and_its_answer_is_nobodys(nasty: CheckPool) -> None:
    hanging = [asyncio.create_task(nasty.check(b"hang")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting = asyncio.create_task(nasty.check(b"fine"))
    await asyncio.sleep(0.1)
    for task in hanging:
        task.cancel()
    assert (await waiting).height == len(b"fine")
    assert all(isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*hanging, return_exceptions=True))
    await the_next_images_are_unaffected(nasty)


async def test_a_child_that_died_while_idle_costs_its_next_image_nothing(nasty: CheckPool) -> None:
    first = await nasty.check(b"fine")
    os.kill(first.width, signal.SIGKILL)
    assert (await nasty.check(b"fine")).width != first.width
    await the_next_images_are_unaffected(nasty)


async def test_a_child_knows_none_of_our_secrets(nasty: CheckPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "secret")
    async with CheckPool("decode", 1, program="tests.contracts.image_check.nasty_child") as pool:
        assert "SECRET" not in (await pool.check(b"secrets")).content_type


async def test_children_end_with_their_pool_even_in_the_middle_of_an_image() -> None:
    pool = CheckPool("decode", 2, program="tests.contracts.image_check.nasty_child")
    async with pool:
        pids = [(await pool.check(b"fine")).width]
        task = asyncio.create_task(pool.check(b"hang"))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    assert not [pid for pid in pids if _lives(pid)]


async def test_children_end_by_themselves_when_the_worker_is_killed() -> None:
    script = (
        "import asyncio\n"
        "from faust_app.adapters.image_check.pool import CheckPool\n"
        "async def main():\n"
        "    async with CheckPool('decode', 2, program='tests.contracts.image_check.nasty_child') as pool:\n"
        "        facts = await asyncio.gather(*(pool.check(b'fine') for _ in range(4)))\n"
        "        print(*{f.width for f in facts}, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with _running(script) as process:
        line = await asyncio.to_thread(process.stdout.readline)  # type: ignore[union-attr]
        children = [int(pid) for pid in line.split()]
        assert children
        process.kill()
    async with asyncio.timeout(10):
        while any(_lives(pid) for pid in children):
            await asyncio.sleep(0.02)


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextmanager
def _running(script: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", script], cwd=CLONE, stdout=subprocess.PIPE)
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()


@pytest.mark.parametrize("level", ["structure", "decode"])
@pytest.mark.parametrize("extension", FORMATS)
async def test_real_children_tell_each_format(level: str, extension: str) -> None:
    async with CheckPool("decode" if level == "decode" else "structure", 1) as pool:
        content = picture(extension)
        assert await pool.check(content) == ImageFacts(f"image/{FORMATS[extension].lower()}", extension, 24, 16)
        with pytest.raises(Permanent) as caught:
            await pool.check(content[: len(content) // 2])
        assert caught.value.code in {FailureCode.TRUNCATED, FailureCode.IMAGE_BROKEN}


async def test_a_real_file_that_burns_cpu_without_end_is_cut_off() -> None:
    """A progressive JPEG of 40 million pixels whose last scan is repeated thousands of times."""
    nasty = jpeg_of_scans(6000, 4000)
    async with CheckPool("decode", 1, limits=Limits(cpu=1, wall=30.0)) as pool:
        assert "CPU" in (await crashed(pool, nasty)).detail
        assert (await pool.check(picture("jpg"))).width == 24


async def test_a_simple_jpeg_needs_no_child_at_level_structure() -> None:
    async with CheckPool("structure", 1, program="tests.contracts.image_check.nasty_child") as pool:
        assert (await pool.check(picture("jpg"))).width == 24
        assert (await pool.check(b"\xff\xd8" + b"\xff\xfe\x00\x02" * 5000 + b"\xff\xd9")).height > 0, "an endless header goes to a child"
