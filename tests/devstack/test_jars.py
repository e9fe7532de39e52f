import hashlib
from pathlib import Path

import pytest
import requests

from devstack.errors import DevstackError
from devstack.jars import JarCache, locked

GOOD = b"a jar"
SUM = hashlib.sha256(GOOD).hexdigest()
NAME = "org.example:thing:1.0"


class Shelf:
    """Stands for Maven Central: hands out these contents in turn, and only what the cache lacks."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = list(contents)

    def fetch(self, coordinate: str, repository: Path) -> Path:
        path = repository / f"{coordinate.replace(':', '-')}.jar"
        if not path.exists():
            path.write_bytes(self.contents.pop(0))
        return path


def test_a_damaged_jar_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    shelf = Shelf(GOOD[:3], GOOD)

    (path,) = JarCache(tmp_path, shelf.fetch).jars({NAME: SUM})

    assert path.read_bytes() == GOOD
    assert shelf.contents == []


def test_a_good_jar_in_the_cache_is_not_fetched_again(tmp_path: Path) -> None:
    shelf = Shelf(GOOD)
    cache = JarCache(tmp_path, shelf.fetch)

    assert cache.jars({NAME: SUM}) == cache.jars({NAME: SUM})


def test_a_jar_that_comes_damaged_twice_is_said_in_one_line_and_not_kept(tmp_path: Path) -> None:
    shelf = Shelf(b"bad", b"bad too")

    with pytest.raises(DevstackError, match=NAME) as failure:
        JarCache(tmp_path, shelf.fetch).jars({NAME: SUM})

    assert "\n" not in str(failure.value)
    assert list(tmp_path.glob("*.jar")) == []


def test_a_failed_download_is_said_in_one_line(tmp_path: Path) -> None:
    def fetch(_coordinate: str, _repository: Path) -> Path:
        raise requests.ConnectionError("no route\nto host")

    with pytest.raises(DevstackError, match=r"cannot download the jar .* \(ConnectionError: no route to host\)") as failure:
        JarCache(tmp_path, fetch).jars({NAME: SUM})

    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("group", ["kafka", "kafka-logging", "mariadb-x86_64-linux"])
def test_every_jar_is_named_with_version_and_sum(group: str) -> None:
    for coordinate, digest in locked(group).items():
        assert coordinate.count(":") == 2
        assert len(digest) == 64
