"""Nobody reaches an address that is not public, however it is written, resolved or redirected to."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address

import pytest
import uvloop
from aiohttp import AsyncResolver, web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.core.failure import Failure, FailureCode, Permanent, Transient
from faust_app.core.messages.source_url import parse_url
from faust_app.core.sources.content import NO_VALIDATORS, Fetched
from faust_app.settings import Settings


class Names(AbstractResolver):
    """Name servers that answer what the test says; a list of answers is given out one by one."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Sequence[str]]] = {}

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        answers = self.answers.get(host.rstrip("."), [])
        if not answers:
            raise OSError(None, "no such name")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0) for address in addresses]

    async def close(self) -> None:
        pass


class Private:
    """A server of the platform's own that no shop may reach; it counts who did. Its connections are not kept."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.location = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        self.reached.append(request.transport.get_extra_info("sockname")[0])
        headers = {"Connection": "close"}
        if request.path == "/to":
            return web.Response(status=302, headers={**headers, "Location": self.location})
        return web.Response(body=b"secret", headers=headers)


@pytest.fixture
def private() -> Private:
    return Private()


@pytest.fixture
async def port(private: Private) -> AsyncIterator[int]:
    async with listening(private) as port:
        yield port


@asynccontextmanager
async def listening(private: Private) -> AsyncIterator[int]:
    """Listen on every loopback address."""
    app = web.Application()
    app.router.add_get("/{tail:.*}", private.handle)
    async with TestServer(app, host="0.0.0.0") as server:  # noqa: S104 - as said
        assert server.port is not None
        yield server.port


@pytest.fixture
def names() -> Names:
    return Names()


def fetcher(port: int, allow: str = "", names: AbstractResolver | None = None) -> HttpFetcher:
    settings = Settings(_env_file=None, source_ports=f"80,443,{port}", source_allow=allow, fetch_timeout=5.0, fetch_connect_timeout=1.0)
    return HttpFetcher(settings, resolver=names)


async def failure(http: HttpFetcher, url: str) -> Failure:
    with pytest.raises(Failure) as caught:
        await http.fetch(url, NO_VALIDATORS)
    return caught.value


SPELLINGS = [
    "127.0.0.1", "127.1.2.3", str(IPv4Address(0)), "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[fe80::1%25lo]",
    "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0", "127.0.0.1.",
    "127.0.0.01", "127.000.000.001", "00000177.0.0.1", "4294967297", "127.0.0.1%00", "127.0.0.1%2e", "%31%32%37.0.0.1",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "127\u30020\u30020\u30021",
    "127\uff0e0\uff0e0\uff0e1", "[::\uff11]", "localhost", "LOCALHOST", "localhost.",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "10.0.0.1", "192.168.1.1", "[fc00::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_a_private_address_is_connected_to(private: Private, port: int, host: str) -> None:
    async with fetcher(port) as http:
        caught = await failure(http, f"http://{host}:{port}/a")
    assert private.reached == []
    assert caught.code in {FailureCode.ADDRESS_REFUSED, FailureCode.BAD_ADDRESS, FailureCode.SOURCE_UNKNOWN_HOST}


def test_the_same_holds_under_the_event_loop_of_the_worker() -> None:
    async def all_spellings() -> None:
        private = Private()
        async with listening(private) as port, fetcher(port) as http:
            for host in SPELLINGS:
                await failure(http, f"http://{host}:{port}/a")
        assert private.reached == []

    uvloop.run(all_spellings())


PLAIN = ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "localhost"]


@pytest.mark.parametrize("host", PLAIN)
async def test_a_plain_private_address_is_refused_for_good_by_its_own_code(port: int, host: str) -> None:
    async with fetcher(port) as http:
        caught = await failure(http, f"http://{host}:{port}/a")
    assert (type(caught), caught.code) == (Permanent, FailureCode.ADDRESS_REFUSED)
    assert host.strip("[]") not in caught.detail


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/x", "//127.0.0.1:{port}/x", "http://[::ffff:127.0.0.1]:{port}/x", "http://localhost:{port}/x",
        "http://rebound.test:{port}/x", "http://169.254.169.254/latest/meta-data/",
    ],
)  # fmt: skip
async def test_a_redirect_to_a_private_address_is_not_followed(private: Private, port: int, names: Names, location: str) -> None:
    names.answers = {"source.test": [["127.0.0.2"]], "localhost": [["127.0.0.1"]], "rebound.test": [["127.0.0.1"]]}
    private.location = location.format(port=port)
    async with fetcher(port, "127.0.0.2", names) as http:
        caught = await failure(http, f"http://source.test:{port}/to")
    assert caught.code is FailureCode.ADDRESS_REFUSED
    assert private.reached == ["127.0.0.2"]


@pytest.mark.parametrize("answer", [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"], ["::1", "127.0.0.2", "10.0.0.1"]])
async def test_of_a_name_with_several_addresses_only_the_permitted_one_is_connected_to(
    private: Private, port: int, names: Names, answer: list[str]
) -> None:
    names.answers = {"source.test": [answer]}
    async with fetcher(port, "127.0.0.2", names) as http:
        assert isinstance(await http.fetch(f"http://source.test:{port}/a", NO_VALIDATORS), Fetched)
    assert private.reached == ["127.0.0.2"]


async def test_a_name_whose_addresses_are_all_private_is_refused(private: Private, port: int, names: Names) -> None:
    names.answers = {"source.test": [["127.0.0.1", "::1", "10.0.0.1"]]}
    async with fetcher(port, names=names) as http:
        assert (await failure(http, f"http://source.test:{port}/a")).code is FailureCode.ADDRESS_REFUSED
    assert private.reached == []


async def test_a_name_whose_permitted_address_is_down_is_unreachable_and_not_refused(private: Private, port: int, names: Names) -> None:
    names.answers = {"source.test": [["127.0.0.2", "10.0.0.1"]]}
    async with fetcher(port, "127.0.0.2,source.test:9", names) as http:
        names.answers = {"source.test": [["127.0.0.2", "169.254.169.254"]]}
        caught = await failure(http, "http://source.test:9/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_UNREACHABLE)


async def test_a_name_that_is_bound_anew_between_two_fetches_is_judged_anew(private: Private, port: int, names: Names) -> None:
    names.answers = {"source.test": [["127.0.0.2"], ["127.0.0.1"]]}
    async with fetcher(port, "127.0.0.2", names) as http:
        await http.fetch(f"http://source.test:{port}/a", NO_VALIDATORS)
        http._session.connector.clear_dns_cache()  # type: ignore[union-attr]
        assert (await failure(http, f"http://source.test:{port}/a")).code is FailureCode.ADDRESS_REFUSED
    assert private.reached == ["127.0.0.2"]


@pytest.mark.parametrize(("allow", "lets"), [("", False), ("127.0.0.1", True)])
async def test_whether_an_origin_lets_us_connect_is_no_error_for_a_refused_address(
    private: Private,
    port: int,
    allow: str,
    lets: bool,  # noqa: FBT001 - a column of the table
) -> None:
    async with fetcher(port, allow) as http:
        assert await http.connects(f"http://127.0.0.1:{port}") == lets
    assert bool(private.reached) == lets


async def test_an_opened_server_is_reached_by_its_name_and_port_only(private: Private, port: int, names: Names) -> None:
    names.answers = {name: [["127.0.0.1"]] for name in ("images.internal", "other.test")}
    async with fetcher(port, f"images.internal:{port}", names) as http:
        assert isinstance(await http.fetch(f"http://images.internal:{port}/a", NO_VALIDATORS), Fetched)
        for url in (f"http://other.test:{port}/a", f"http://127.0.0.1:{port}/a"):
            assert (await failure(http, url)).code is FailureCode.ADDRESS_REFUSED
        assert (await failure(http, "http://images.internal:81/a")).code is FailureCode.PORT_REFUSED


@pytest.mark.parametrize("url", ["http://source.test:22/a", "https://source.test:6379/a", "http://127.0.0.1:25/a"])
async def test_other_ports_are_refused_without_a_connection(port: int, names: Names, url: str) -> None:
    async with fetcher(port, names=names) as http:
        caught = await failure(http, url)
    assert (type(caught), caught.code) == (Permanent, FailureCode.PORT_REFUSED)


async def test_name_servers_that_never_answer_hold_nobody_up_for_long(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = AsyncResolver(nameservers=["127.0.0.1"], udp_port=silent.getsockname()[1], timeout=0.2, tries=1)
        async with fetcher(port, names=resolver) as http:
            failures = await asyncio.gather(*(failure(http, f"http://slow{n}.test:{port}/a") for n in range(64)))
    assert {(type(caught), caught.code) for caught in failures} == {(Transient, FailureCode.SOURCE_UNKNOWN_HOST)}


async def test_real_name_servers_are_asked_without_threads_and_unknown_names_are_transient(port: int) -> None:
    async with fetcher(port) as http:
        caught = await failure(http, f"http://no-such-host.invalid:{port}/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_UNKNOWN_HOST)


def test_from_https_nobody_is_led_to_http() -> None:
    http = HttpFetcher(Settings(_env_file=None))
    secure = parse_url("https://shop.test/a")
    with pytest.raises(Permanent) as caught:
        http._next(secure, "http://shop.test/a")
    assert caught.value.code is FailureCode.BAD_ADDRESS
    assert http._next(secure, "/b") == parse_url("https://shop.test/b")
    assert http._next(parse_url("http://shop.test/a"), "https://shop.test/b") == parse_url("https://shop.test/b")


@pytest.mark.parametrize("host", ["münchen.test", "MÜNCHEN.test.", "xn--mnchen-3ya.test"])
async def test_a_name_in_other_letters_is_judged_by_the_address_it_has(private: Private, port: int, names: Names, host: str) -> None:
    names.answers["xn--mnchen-3ya.test"] = [["127.0.0.1"]]
    async with fetcher(port, names=names) as http:
        assert (await failure(http, f"http://{host}:{port}/a")).code is FailureCode.ADDRESS_REFUSED
    assert private.reached == []
