"""The programs of docs/integrating.md, run as they stand there: each sends a picture, or hears what became of it."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devstack.jars import JarCache, locked
from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import CLONE, LIMIT, Installation, needs_kcat

pytestmark = pytest.mark.proof
PAGE = (CLONE / "docs" / "integrating.md").read_text()
NEEDS = {
    "sh": (("curl", "jq"), "apt-get install curl jq"),
    "php": (("php",), "apt-get install php-cli php-curl"),
    "java": (("java",), "apt-get install default-jdk-headless"),
}
"""What a language takes, and how Debian gets it."""


def language(name: str, *marks: pytest.MarkDecorator) -> object:
    """Return the language as a parameter of a test, skipped where the machine does not have it."""
    programs, get = NEEDS[name]
    missing = [program for program in programs if shutil.which(program) is None]
    absent = pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not installed (Debian: {get}); .ci/run installs it")
    return pytest.param(name, marks=[absent, *marks])


def has_rdkafka() -> bool:
    return shutil.which("php") is not None and subprocess.run(["php", "--ri", "rdkafka"], capture_output=True, check=False).returncode == 0  # noqa: S607 - of the system


LANGUAGES = [language(name) for name in NEEDS]
needs_rdkafka = pytest.mark.skipif(not has_rdkafka(), reason="PHP has no extension rdkafka (pecl install rdkafka)")


def programs(heading: str) -> dict[str, str]:
    """Return the programs below a heading, by language."""
    section = re.split(r"^#{2,3} ", PAGE.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


def sender(name: str) -> str:
    """Return the program that sends; in a shell a line of it."""
    if name == "sh":
        return (
            programs("## Send a change")["sh"]
            .partition("\n\n")[0]
            .replace("/images/shoe-1", "/images/$1")
            .replace("https://shop.example/pictures/1.jpg", "'$2'")
            .replace('"external_version": 5', "\"external_version\": '$3'")
        )
    return programs("## PHP" if name == "php" else "## Java")[name]


class Program:
    """A program of the page in a folder of its own, with what a platform would set in its environment."""

    def __init__(self, installation: Installation, folder: Path, name: str, text: str) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        file = folder / ("Program.java" if name == "java" else f"program.{name}")
        file.write_text(text)
        jars = JarCache(CLONE / ".devstack" / "m2").jars(locked("kafka")) if name == "java" else []
        self._command = [*{"sh": ["sh"], "php": ["php"], "java": ["java", "-cp", os.pathsep.join(map(str, jars))]}[name], file.name]
        assert installation.web is not None
        environment = installation.stack.environment()
        self._environment = {
            "PATH": os.environ["PATH"],
            "WEB_URL": f"http://127.0.0.1:{installation.web.port}",
            "INTAKE_TOKEN": environment["INTAKE_TOKEN"],
            "KAFKA_URL": environment["KAFKA_URL"],
            "RESULTS_TOPIC": installation.topics.results.name,
        }

    async def run(self, *arguments: str) -> str:
        """Run it to its end."""
        async with self.running(*arguments) as process:
            out, err = await asyncio.wait_for(process.communicate(), LIMIT)
            assert process.returncode == 0, err.decode()
            return out.decode()

    async def lines_until(self, pattern: str, finished: Callable[[], Awaitable[object]] | None = None) -> list[str]:
        """Return what it prints until a line matches, and end it, after what it is to finish before."""
        lines = []
        async with self.running() as process, asyncio.timeout(LIMIT):
            assert process.stdout is not None
            assert process.stderr is not None
            async for line in process.stdout:
                lines.append(line.decode().rstrip("\n"))
                if re.search(pattern, lines[-1]):
                    if finished is not None:
                        await finished()
                    return lines
            raise AssertionError(f"ended after {lines}: {(await process.stderr.read()).decode()}")

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)  # a shell's programs hold its output open
            await process.communicate()


@pytest.fixture(scope="module")
def installation(install: Callable[..., Settings], stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Web process and worker."""
    opened = Installation(install(), stack, tmp_path_factory.mktemp("integrating"))
    try:
        asyncio.run(opened.start())
        yield opened
    finally:
        opened.close()


def stored(image_id: str) -> str:
    return rf"\b7/{image_id}\b.*\bstored\b"


@pytest.mark.parametrize("name", LANGUAGES)
async def test_a_program_sends_a_picture_and_hears_by_the_feed_what_became_of_it(
    name: str, installation: Installation, tmp_path: Path
) -> None:
    send = Program(installation, tmp_path / "send", name, sender(name))
    hear = Program(installation, tmp_path / "hear", name, programs("### The feed")[name])
    assert "version" in await send.run(f"feed-{name}-1", f"{installation.source}/flat/1", "5")

    async def kept() -> bool:
        file = tmp_path / "hear" / "cursor"
        cursor = file.read_text() if file.exists() else ""
        if not cursor:
            return False
        _, answer = await installation.call("GET", f"/v1/changes?wait=0&after={cursor}")
        return not any(item["image_id"] == f"feed-{name}-1" for item in answer["items"])

    first = await hear.lines_until(stored(f"feed-{name}-1"), lambda: installation.until(kept, "the cursor is kept"))
    assert re.match(r"\d{16} 7/feed-\w+-1 stored http://", first[-1])
    assert "version" in await send.run(f"feed-{name}-2", f"{installation.source}/flat/2", "5")
    again = await hear.lines_until(stored(f"feed-{name}-2"))
    assert set(again) & set(first) == set(), "it goes on where it stopped"


@pytest.mark.parametrize("name", [language("sh", needs_kcat), language("php", needs_rdkafka), language("java")])
async def test_a_program_hears_by_the_topic_what_became_of_a_picture(name: str, installation: Installation, tmp_path: Path) -> None:
    await installation.put(7, f"topic-{name}", "/flat/3")
    hear = Program(installation, tmp_path, name, programs("### The topic")[name])
    assert await hear.lines_until(stored(f"topic-{name}"))


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed (Debian: apt-get install php-cli); .ci/run installs it")
@pytest.mark.parametrize("heading", ["## PHP", "### The feed", "### The topic"])
def test_a_program_in_php_is_well_formed(heading: str, tmp_path: Path) -> None:
    (tmp_path / "program.php").write_text(programs(heading)["php"])
    subprocess.run(["php", "-l", "program.php"], cwd=tmp_path, check=True, capture_output=True)  # noqa: S607 - of the system
