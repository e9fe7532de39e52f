"""Which addresses may be spoken to: every network by its edges, every form an address may hide in, and what a setting opens."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.sources.addresses import NOTHING_OPENED, Opened, parse_opened, parse_ports, refusal, refused_host

REFUSED = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32", "100.100.100.200/32",
    "::/128", "::1/128", "::/8", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001:1::/32", "2001:2::/48", "2001:10::/28",
    "2001:20::/28", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20", "4000::/3", "5f00::/16", "fc00::/7", "fd00:ec2::/32", "fe80::/10",
    "fec0::/10", "ff00::/8",
]  # fmt: skip

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
    "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "2003::1", "2620:4f:8001::1",
]  # fmt: skip

METADATA = [
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe",
    "fd00:42::42", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fe80::a9fe:a9fe", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
]  # fmt: skip


def embedded(inner: str) -> list[str]:
    """Return the IPv6 addresses that carry an IPv4 address inside."""
    number = int(IPv4Address(inner))
    return [
        f"::ffff:{inner}",
        str(IPv6Address(int(IPv6Address("64:ff9b::")) + number)),
        str(IPv6Address((0x2002 << 112) + (number << 80) + 1)),
        str(IPv6Address((0x20010000 << 96) + (number << 64) + 0xFEFE_FEFE)),  # Teredo whose server it is; the client is 1.1.1.1
        str(IPv6Address((0x20010000 << 96) + (0x01010101 << 64) + (number ^ 0xFFFF_FFFF))),  # Teredo whose client it is
    ]


@pytest.mark.parametrize("network", REFUSED)
def test_a_network_is_refused_from_its_first_address_to_its_last(network: str) -> None:
    whole = ip_network(network)
    for address in (whole[0], whole[-1], whole[whole.num_addresses // 2]):
        assert refusal(str(address), 80) is not None, address


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_permitted_up_to_the_edges_of_the_others(address: str) -> None:
    assert refusal(address, 80) is None


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "255.255.255.255", "192.168.0.1", "224.0.0.1"])  # noqa: S104 - binds nothing
def test_an_address_that_hides_in_another_is_judged_by_itself(inner: str) -> None:
    assert [form for form in embedded(inner) if refusal(form, 80) is None] == []


def test_a_public_address_in_another_stays_public() -> None:
    assert [form for form in embedded("8.8.8.8") if refusal(form, 80) is not None] == []


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "2130706433", "0x7f000001", "1.2.3.4.5", "::g", "1.1.1.1%eth0x ", "[::1]"])
def test_what_is_no_address_is_refused(text: str) -> None:
    assert (refusal(text, 80) is not None) == (text != "1.1.1.1%eth0x ")


def test_a_zone_changes_nothing() -> None:
    assert refusal("fe80::1%lo", 80) is not None


def test_a_server_and_a_network_can_be_opened() -> None:
    opened = parse_opened(" Images.internal:8080, 10.2.0.0/16 ,[fd12::1]:81,192.168.7.7:82 ,")
    assert refusal("10.9.9.9", 8080, host="images.internal", opened=opened) is None
    assert refusal("10.9.9.9", 8080, host="IMAGES.internal.", opened=opened) is None
    assert refusal("10.9.9.9", 8081, host="images.internal", opened=opened) is not None
    assert refusal("10.9.9.9", 8080, host="elsewhere.test", opened=opened) is not None
    assert refusal("10.2.255.255", 80, opened=opened) is None
    assert refusal("::ffff:10.2.0.1", 80, opened=opened) is None
    assert refusal("10.3.0.0", 80, opened=opened) is not None
    assert refusal("fd12::1", 81, opened=opened) is None
    assert refusal("fd12::1", 82, opened=opened) is not None
    assert refusal("192.168.7.7", 82, host="any.test", opened=opened) is None


@pytest.mark.parametrize("address", METADATA)
def test_no_setting_opens_the_metadata_of_a_cloud(address: str) -> None:
    opened = parse_opened("0.0.0.0/0,::/0,metadata.internal:80")
    assert refusal(address, 80, host="metadata.internal", opened=opened) == "metadata of a cloud"
    assert refusal(address, 80) == "metadata of a cloud"


@pytest.mark.parametrize("text", ["", " ", ",", ",,"])
def test_nothing_is_opened_by_nothing(text: str) -> None:
    assert parse_opened(text) == NOTHING_OPENED


@pytest.mark.parametrize(
    "text",
    [
        "host", "host:", "host:0", "host:65536", "host:x", "10.0.0.0/33", "10.0.0.1/8", "http://h:80", "a b:80", ":80", "[::1:80",
        "[x]:80", "::1:y",
    ],
)  # fmt: skip
def test_what_opens_nothing_sensible_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_opened(text)


@pytest.mark.parametrize(("text", "ports"), [("80,443", {80, 443}), ("8080", {8080}), (" 80 , 81 ", {80, 81})])
def test_ports_are_numbers_by_commas(text: str, ports: set[int]) -> None:
    assert parse_ports(text) == ports


@pytest.mark.parametrize("text", ["", "x", "80,", "0", "65536", "-1", "\uff18\uff10", "1e2", "999999999999"])
def test_other_ports_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="port"):
        parse_ports(text)


ADDRESSES = st.ip_addresses().map(str)


@given(ADDRESSES)
def test_what_is_permitted_is_global_unicast_by_pythons_list_too(address: str) -> None:
    if (
        refusal(address, 80) is None
        and ip_address(address) not in ip_network("2002::/16")
        and ip_address(address) not in ip_network("2001::/32")
    ):
        assert ip_address(address).is_global or ip_address(address) in ip_network("64:ff9b::/96")
        assert not ip_address(address).is_multicast


@given(st.text(max_size=60), st.integers(0, 65_535), st.text(max_size=20))
def test_any_text_is_permitted_or_refused_and_never_an_error(address: str, port: int, host: str) -> None:
    assert isinstance(refusal(address, port, host=host, opened=Opened(frozenset({("h", 1)}))), str | None)


@given(st.text(max_size=60))
def test_any_text_opens_something_or_is_refused_by_a_value_error(text: str) -> None:
    try:
        assert isinstance(parse_opened(text), Opened)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("authority", "refused"),
    [
        ("shop.test", False), ("3d.shop.test", False), ("shop.test:8080", True), ("shop.test:8443", False), ("10.0.0.5", False),
        ("10.0.0.6", True), ("8.8.8.8", False), ("127.0.0.1:80", True), ("[::1]", True), ("[2606:4700::1]", False),
        ("[2606:4700::1]:8080", True), ("169.254.169.254", True), ("images.internal:9000", False), ("", False),
    ],
)  # fmt: skip
def test_a_host_is_refused_where_no_fetch_from_it_would_be_allowed(authority: str, refused: bool) -> None:  # noqa: FBT001 - a table
    opened = parse_opened("10.0.0.5:80, images.internal:9000")
    assert refused_host(authority, frozenset({80, 443, 8443}), opened) is refused
