"""Where a request came from when proxies of our own stand before the web process."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def parse_proxies(text: str) -> tuple[Network, ...]:
    """Read addresses and networks, separated by commas. Raises ValueError that names the wrong one."""
    proxies = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            proxies.append(ip_network(part))
        except ValueError as error:
            raise ValueError(f"{part[:60]!r} is not an address or a network, like 10.0.0.0/8") from error
    return tuple(proxies)


def remote_of(peer: str | None, forwarded: Sequence[str], proxies: Sequence[Network]) -> str | None:
    """Return the address of the sender: the last one in `X-Forwarded-For` that none of our proxies has.

    Anybody can send that header, so it counts only when our own proxy sent it, and only as far back as our proxies go.
    """
    remote = peer
    for entry in reversed([part.strip() for header in forwarded for part in header.split(",")]):
        if not _is_one_of(_address(remote), proxies):
            break
        named = _address(entry)
        if named is None:
            break
        remote = str(named)
    return remote


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address((text or "").strip("[]"))
    except ValueError:
        return None


def _is_one_of(address: IPv4Address | IPv6Address | None, proxies: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in proxies if network.version == address.version)
