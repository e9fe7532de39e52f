"""Which network addresses a worker may connect to for a shop's image: public ones, and those that the platform opens.

A source's address comes from a stranger. Without this rule a shop could make our workers read the platform's own network,
or the credentials that clouds serve at fixed addresses. `ipaddress.is_global` is not enough: it accepts multicast and
relayed forms of private addresses, and knows no cloud.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Endpoint = tuple[str, int]
"""Host in lower case (a name or an address) and port."""

_METADATA: Final = (
    "169.254.0.0/16",  # link-local: AWS, Google, Azure, DigitalOcean, Oracle and others at .169.254; containers at .170.2
    "100.100.100.200/32",  # Alibaba Cloud
    "168.63.129.16/32",  # Azure's wire server, a public number
    "192.0.0.192/32",  # Oracle Cloud, classic
    "fe80::/10",  # link-local: OpenStack at fe80::a9fe:a9fe
    "fd00:ec2::/32",  # AWS at ::254, its clock at ::123, its pods' credentials at ::23
    "fd20:ce::/32",  # Google Cloud at ::254
    "fd00:c1::/32",  # Oracle Cloud at ::a9fe:a9fe
    "fd00:42::/32",  # Scaleway at ::42
)
"""Where clouds serve credentials; no setting opens them."""

_SPECIAL: Final = {
    # IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates), multicast and the reserved rest.
    "0.0.0.0/8": "this host",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a carrier",
    "127.0.0.0/8": "loopback",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "AMT",
    "192.88.99.0/24": "6to4 relay",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    # IANA IPv6 Special-Purpose Address Registry; what is outside 2000::/3 is refused as a whole below.
    "2001::/23": "protocol assignments",
    "2001:db8::/32": "documentation",
    "2620:4f:8000::/48": "AS112",
    "3fff::/20": "documentation",
    "fc00::/7": "private",
    "::1/128": "loopback",
    "::/128": "this host",
    "ff00::/8": "multicast",
}
_UNICAST: Final = IPv6Network("2000::/3")
"""All that IANA has ever assigned as global unicast (RFC 4291, 2.4)."""
_NAT64: Final = IPv6Network("64:ff9b::/96")

_METADATA_NETWORKS: Final = tuple(ip_network(text) for text in _METADATA)
_SPECIAL_NETWORKS: Final = tuple((ip_network(text), name) for text, name in _SPECIAL.items())

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Opened:
    """What the platform opens beside the public addresses: single servers by host and port, and whole networks."""

    endpoints: frozenset[Endpoint] = frozenset()
    networks: tuple[Network, ...] = ()

    def names(self, host: str, port: int) -> bool:
        """Return whether this host and port is opened as written."""
        return (host.lower().rstrip("."), port) in self.endpoints

    def holds(self, address: Address, port: int) -> bool:
        """Return whether the address lies in an opened network, or is itself opened with this port."""
        return (str(address), port) in self.endpoints or any(address in network for network in self.networks)


NOTHING_OPENED: Final = Opened()


def refusal(address: str, port: int, *, host: str = "", opened: Opened = NOTHING_OPENED) -> str | None:
    """Return why the address is refused, in a few words without the address itself; None if it is not.

    `host` is what the URL says, `address` what is connected to. An address that carries another one inside is judged by
    that one: IPv4 mapped into IPv6 (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056) and both ends of Teredo (RFC 4380).
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "not an address"
    forms = [parsed, *_inner(parsed)]
    if any(form in network for form in forms for network in _METADATA_NETWORKS):
        return "metadata of a cloud"
    if opened.names(host, port) or opened.holds(forms[-1], port):
        return None
    reasons = [_special(form) for form in forms[1:] or forms]
    return next((reason for reason in reasons if reason), None)


def refused_host(authority: str, ports: frozenset[int], opened: Opened = NOTHING_OPENED) -> bool:
    """Return whether a source's `host` or `host:port` is refused whatever its name resolves to."""
    host, separator, port = authority.rpartition(":") if not authority.endswith("]") else (authority, "", "")
    if not separator or not port.isdecimal():
        host, port = authority, ""
    name = host.removeprefix("[").removesuffix("]")
    if port and int(port) not in ports and not opened.names(name, int(port)):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    reached = [int(port)] if port else _OF_SCHEMES
    return all(refusal(name, each, host=name, opened=opened) is not None for each in reached)


_OF_SCHEMES: Final = [80, 443]
"""Ports that an authority does not name; which of them is meant depends on the scheme."""


def _inner(address: Address) -> Iterable[Address]:
    """Yield the addresses that an address carries inside."""
    if isinstance(address, IPv4Address):
        return
    found: list[Address] = []
    if address.ipv4_mapped is not None:
        found = [address.ipv4_mapped]
    elif address in _NAT64:
        found = [IPv4Address(int(address) & 0xFFFF_FFFF)]
    elif address.sixtofour is not None:
        found = [address.sixtofour]
    elif address.teredo is not None:
        found = [*address.teredo]
    yield from found


def _special(address: Address) -> str | None:
    for network, name in _SPECIAL_NETWORKS:
        if address in network:
            return name
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return "reserved"
    return None


def parse_opened(text: str) -> Opened:
    """Read `host:port`, `[address]:port`, networks and single addresses, separated by commas. Raises ValueError."""
    endpoints, networks = set[Endpoint](), list[Network]()
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        network = _network(part)
        if network is not None:
            networks.append(network)
        else:
            endpoints.add(_endpoint(part))
    return Opened(frozenset(endpoints), tuple(networks))


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _endpoint(text: str) -> Endpoint:
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    name = host[1:-1] if bracketed else host.lower()
    if bracketed:
        name = str(IPv6Address(name))
    elif not _HOST.fullmatch(name):
        raise ValueError("each entry must look like host:port, [address]:port or 10.0.0.0/8")
    return name, _port(port)


def parse_ports(text: str) -> frozenset[int]:
    """Read port numbers separated by commas, at least one. Raises ValueError."""
    return frozenset(_port(part.strip()) for part in text.split(","))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= _MAX_PORT):  # noqa: PLR2004 - digits of 65535
        raise ValueError("a port must be a number from 1 to 65535")
    return int(text)
