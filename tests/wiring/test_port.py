"""Whether the address that a process is to listen on is free, asked before anything opens."""

import socket
from types import SimpleNamespace
from typing import Any, cast

import faust
import pytest

from faust_app.settings import Listening
from faust_app.wiring.startup import claim_port_or_exit
from tests.ipv6 import needs_ipv6

V6, V6_ANY = pytest.param("::1", marks=needs_ipv6), pytest.param("::", marks=needs_ipv6)


def app_on(host: str, port: int) -> faust.App:
    return cast("Any", SimpleNamespace(conf=SimpleNamespace(web_bind=host, web_port=port)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", V6, V6_ANY])  # noqa: S104 - one is bound for a moment
def test_a_free_address_of_either_family_is_taken(host: str) -> None:
    claim_port_or_exit(app_on(host, 0), "WEB_PORT")


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), pytest.param("::1", socket.AF_INET6, marks=needs_ipv6)])
def test_an_address_in_use_ends_the_process(host: str, family: socket.AddressFamily) -> None:
    with socket.socket(family) as taken:
        taken.bind((host, 0))
        taken.listen()
        with pytest.raises(SystemExit) as ended:
            claim_port_or_exit(app_on(host, taken.getsockname()[1]), "WEB_PORT")
    assert ended.value.code == 1


def test_what_is_no_address_ends_the_process() -> None:
    with pytest.raises(SystemExit) as ended:
        claim_port_or_exit(app_on("no.such.host.invalid", 1), "WEB_PORT")
    assert ended.value.code == 1


def test_an_address_of_version_6_stands_in_brackets_before_its_port() -> None:
    assert [Listening(host, 6065).place for host in ("127.0.0.1", "::1")] == ["127.0.0.1:6065", "[::1]:6065"]
