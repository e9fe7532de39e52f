"""Whose address a request is counted by behind proxies."""

import pytest

from faust_app.core.operators.remote import parse_proxies, remote_of

PROXIES = parse_proxies("10.0.0.0/8, 192.0.2.1,fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "remote"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.1.2.3", ["1.1.1.1", "198.51.100.1, 192.0.2.1"], "198.51.100.1"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["nonsense"], "10.1.2.3"),
        ("10.1.2.3", ["'; DROP TABLE session"], "10.1.2.3"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        (None, ["198.51.100.1"], None),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str | None, forwarded: list[str], remote: str | None) -> None:
    assert remote_of(peer, forwarded, PROXIES) == remote


def test_without_proxies_nobody_is_believed() -> None:
    assert remote_of("127.0.0.1", ["198.51.100.1"], parse_proxies("")) == "127.0.0.1"


def test_a_wrong_proxy_is_named() -> None:
    with pytest.raises(ValueError, match=r"'10\.0\.0\.0/99' is not an address or a network"):
        parse_proxies("127.0.0.1,10.0.0.0/99")
