"""A source host for each shop: one image source on every loopback address."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bench.installation import CLONE
from devstack.ports import free_port

MILLISECONDS: Final = 100
"""How long a source takes to answer."""
BYTES: Final = 20_000
_IN_A_NET: Final = 250
"""Hosts that differ in their last number only."""


@dataclass(frozen=True)
class Hosts:
    """Addresses of images by shop and number."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        """The settings that let a worker fetch from them."""
        return {"SOURCE_ALLOW": "127.0.0.0/8", "SOURCE_PORTS": f"80,443,{self.port}"}

    def host(self, shop: int) -> str:
        """Return the shop's own host, with its port."""
        return f"127.{16 + shop // _IN_A_NET**2}.{shop // _IN_A_NET % _IN_A_NET}.{shop % _IN_A_NET + 1}:{self.port}"

    def flat(self, shop: int, number: int, milliseconds: int = MILLISECONDS) -> str:
        """Return the address of an image that takes so long."""
        return f"http://{self.host(shop)}/flat/{number}?bytes={BYTES}&ms={milliseconds}"

    def crowded(self, shop: int, number: int, limit: int) -> str:
        """Return the address of an image at a host that serves `limit` at a time in 200 ms and takes 2 s for those beyond."""
        return f"http://{self.host(shop)}/crowded/{limit}/{number}?bytes={BYTES}"


@contextmanager
def hosts_up() -> Iterator[Hosts]:
    """Run the image source on all loopback addresses for the duration of the block."""
    port = free_port()
    every = "0.0.0.0"  # noqa: S104 - loopback addresses of our own
    options = ["--port", str(port), "--bind", every, "--untrusted", "0", "--closed", "0"]
    process = subprocess.Popen([sys.executable, "-m", "devstack.image_source", *options], cwd=CLONE)
    try:
        yield Hosts(port)
    finally:
        process.terminate()
        process.wait(10)
