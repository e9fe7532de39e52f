"""Every way a source can harm who fetches from it: named, bounded in time and bytes, and without a trace for the next image."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from devstack.hostile_source import FILES, MANNERS, HostileSource
from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.adapters.image_check.pool import CheckPool
from faust_app.core.failure import Failure, FailureCode, Permanent, Transient
from faust_app.core.sources.content import NO_VALIDATORS, Fetched, ImageFacts
from faust_app.core.sources.response import Pace
from faust_app.settings import Settings
from tests.sentences import is_sentence

MAX_BYTES = 256 * 1024
SECRET = "X-Signature=s3cr3t"
PERMANENT = {
    "not_an_image", "format_heic", "format_svg", "truncated", "empty", "side_too_long", "image_broken", "too_many_frames",
    "too_many_pixels", "too_large", "content_encoded", "too_many_redirects", "address_refused", "bad_address",
}  # fmt: skip
HOSTILE = {**{name: code for name, (code, _) in FILES.items()}, **{name: code for name, (code, _) in MANNERS.items()}}


@pytest.fixture
async def source() -> AsyncIterator[HostileSource]:
    async with HostileSource() as source:
        yield source


class Images:
    """What a worker does with an address, up to the check; one connection at a time, so that none may be left behind."""

    def __init__(self, fetcher: HttpFetcher, check: CheckPool) -> None:
        self._fetcher, self._check = fetcher, check

    async def look_at(self, url: str) -> ImageFacts:
        answer = await self._fetcher.fetch(url, NO_VALIDATORS)
        assert isinstance(answer, Fetched)
        return await self._check.check(answer.content)


@pytest.fixture
async def images(source: HostileSource) -> AsyncIterator[Images]:
    settings = Settings(
        _env_file=None, source_allow=f"127.0.0.1:{source.port}", max_image_bytes=MAX_BYTES, fetch_timeout=1.0, slots=1
    )  # fmt: skip
    async with HttpFetcher(settings, pace=Pace(grace=0.3)) as fetcher, CheckPool("decode", 1) as check:
        yield Images(fetcher, check)


async def failure(images: Images, url: str) -> Failure:
    with pytest.raises(Failure) as caught:
        await images.look_at(url)
    assert is_sentence(caught.value.detail)
    return caught.value


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_source_is_named_bounded_and_harms_no_other(images: Images, source: HostileSource, name: str) -> None:
    async with asyncio.timeout(20):
        caught = await failure(images, source.url(name))
    assert (caught.code, type(caught)) == (HOSTILE[name], Permanent if HOSTILE[name] in PERMANENT else Transient)
    assert caught.code.sentence
    assert (await images.look_at(source.url("good/1"))).extension == "jpg", "the only connection and the only child are free again"


@pytest.mark.parametrize("name", ["endless", "endless-chunks", "endless-headers"])
async def test_no_more_is_read_than_may_be_kept(images: Images, source: HostileSource, name: str) -> None:
    await failure(images, source.url(name))
    await images.look_at(source.url("good/1"))
    in_flight = 6 * 1024 * 1024  # what the kernel's buffers of both ends hold
    assert source.sent[name] <= MAX_BYTES + in_flight


async def test_memory_does_not_grow_with_the_number_of_bombs(images: Images, source: HostileSource) -> None:
    bombs = ["gzip-bomb", "endless", "png-of-text", "webp-bomb", "gif-of-5000-frames"]
    for name in bombs:
        await failure(images, source.url(name))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(8):
        for name in bombs:
            await failure(images, source.url(name))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024, "kilobytes"


class Lines(logging.Handler):
    """Everything any logger says."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> Any:
    handler = Lines()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with structlog.testing.capture_logs() as events:
        yield lambda: "\n".join([*handler.lines, *map(str, events)])
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("name", [*HOSTILE, "missing"])
async def test_a_signature_in_the_address_is_in_no_detail_and_no_log(images: Images, source: HostileSource, name: str, log: Any) -> None:
    caught = await failure(images, f"{source.url(name)}?{SECRET}")
    assert "s3cr3t" not in f"{caught} {caught.detail} {caught!r} {caught.args}"
    assert "s3cr3t" not in log()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.test/a?{}", "http://user:{}@shop.test/a", "http://[::1/a?{}", "http://shop.test:99999/a?{}", "http://127.0.0.1/a?{}",
        "http://169.254.169.254/a?{}", "http://no-such-host.invalid/a?{}", "http://shop.test:22/a?{}", "http://2130706433/a?{}", "?{}",
        "http://\u2460.\u2461/?{}", "http://xn--a/?{}", "http://a..b/?{}", "http://" + "a" * 70 + ".test/?{}",
    ],
)  # fmt: skip
async def test_a_signature_in_an_address_we_refuse_is_not_told_either(images: Images, url: str, log: Any) -> None:
    caught = await failure(images, url.format(SECRET))
    assert "s3cr3t" not in f"{caught} {caught.detail} {caught!r} {caught.args}"
    assert "s3cr3t" not in log()


async def test_a_signature_in_a_redirect_is_not_told_either(images: Images, source: HostileSource, log: Any) -> None:
    for name in ("redirect-loop", "redirect-to-metadata", "redirect-to-file"):
        caught = await failure(images, f"{source.url(name)}?{SECRET}")
        assert caught.code in {FailureCode.TOO_MANY_REDIRECTS, FailureCode.ADDRESS_REFUSED, FailureCode.BAD_ADDRESS}
        assert "s3cr3t" not in str(caught) + log()
