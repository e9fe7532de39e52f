"""Which port does each part listen on? A stack uses one block of ports that starts at `base`.

| offset | who                      | offset | who                          |
|--------|--------------------------|--------|------------------------------|
| +0     | Kafka                    | +6     | web process of shop-images   |
| +1     | Kafka's controller       | +7     | worker of shop-images        |
| +2     | MariaDB                  | +10    | SeaweedFS master             |
| +3     | SeaweedFS, S3 interface  | +11    | SeaweedFS volume server      |
| +4     | Valkey                   | +12    | SeaweedFS filer              |
| +5     | sample source of images  | +8     | Kafka, behind a proxy        |
| +13    | its bad certificate      | +9     | proxy in front of Kafka      |
| +14    | its closed port          | +15    | process `stats`              |
| +16    | Kafka, TLS and a user    | +17    | Kafka, TLS both ways         |
| +18    | SeaweedFS, S3 by TLS     | +19    | page of the sample shop      |

SeaweedFS also listens on each of its four ports + 10000. `make run` starts at 21090, or at `DEVSTACK_PORT_BASE`.
"""

from __future__ import annotations

import os
import random
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from devstack.errors import DevstackError

DEFAULT_BASE = 21090
BASE_VARIABLE = "DEVSTACK_PORT_BASE"
GRPC_OFFSET = 10_000
BLOCK = 20
# In these blocks a port and its twin at + 10000 are both below the range that outgoing connections use.
FREE_BASES = range(10_020, 22_000, BLOCK)
LOWEST_BASE = 1024
HIGHEST_BASE = 65_535 - GRPC_OFFSET - BLOCK


@dataclass(frozen=True)
class Ports:
    """The ports of one stack, all derived from the first."""

    base: int

    @classmethod
    def default(cls) -> Ports:
        """Return the fixed block of `make run`, or the one at the environment variable DEVSTACK_PORT_BASE if it is set.

        Raises DevstackError when the variable is not a usable port number.
        """
        text = os.environ.get(BASE_VARIABLE) or str(DEFAULT_BASE)
        if not text.isdecimal() or not LOWEST_BASE <= int(text) <= HIGHEST_BASE:
            raise DevstackError(f"{BASE_VARIABLE}={text!r} is not a port number from {LOWEST_BASE} to {HIGHEST_BASE}")
        return cls(int(text))

    @classmethod
    def free(cls, part: int = 0, parts: int = 1) -> Ports:
        """Return a block whose ports could all be bound at the same time a moment ago.

        Processes that start stacks side by side name a `part` of `parts` each: no two of them draw the same block.
        Raises DevstackError when no block is free.
        """
        bases = FREE_BASES[part::parts]
        for base in random.sample(bases, len(bases)):
            if all_bindable(cls(base).all):
                return cls(base)
        raise DevstackError(f"no block of {BLOCK} free ports between {FREE_BASES.start} and {FREE_BASES.stop}")

    @property
    def kafka(self) -> int:
        """The broker's listener."""
        return self.base

    @property
    def kafka_controller(self) -> int:
        """The KRaft controller's listener."""
        return self.base + 1

    @property
    def kafka_secured(self) -> int:
        """The broker's listener with TLS that asks for user and password, in a secured stack."""
        return self.base + 16

    @property
    def kafka_mutual(self) -> int:
        """The broker's listener with TLS that asks for a certificate, in a secured stack."""
        return self.base + 17

    @property
    def s3_secured(self) -> int:
        """SeaweedFS's S3 interface with TLS, in a secured stack."""
        return self.base + 18

    @property
    def kafka_behind_proxy(self) -> int:
        """The broker's listener for clients behind a proxy: it advertises the proxy's port to them."""
        return self.base + 8

    @property
    def kafka_proxy(self) -> int:
        """Where a proxy in front of the broker has to listen."""
        return self.base + 9

    @property
    def mariadb(self) -> int:
        """MariaDB over TCP."""
        return self.base + 2

    @property
    def s3(self) -> int:
        """SeaweedFS's S3 interface."""
        return self.base + 3

    @property
    def valkey(self) -> int:
        """Valkey, which speaks the Redis protocol."""
        return self.base + 4

    @property
    def image_source(self) -> int:
        """The sample source of images."""
        return self.base + 5

    @property
    def untrusted_source(self) -> int:
        """Where the image source has a certificate that nobody vouches for."""
        return self.base + 13

    @property
    def closed_source(self) -> int:
        """Where the image source refuses connections."""
        return self.base + 14

    @property
    def image_sources(self) -> tuple[int, int, int]:
        """The ports of the image source: its own, and the two beside it."""
        return self.image_source, self.untrusted_source, self.closed_source

    @property
    def web(self) -> int:
        """The web process of shop-images."""
        return self.base + 6

    @property
    def worker(self) -> int:
        """The HTTP pages of the worker of shop-images."""
        return self.base + 7

    @property
    def stats(self) -> int:
        """The process `stats` of shop-images."""
        return self.base + 15

    @property
    def shop_page(self) -> int:
        """The page of the sample shop."""
        return self.base + 19

    @property
    def seaweed_master(self) -> int:
        """SeaweedFS's master."""
        return self.base + 10

    @property
    def seaweed_volume(self) -> int:
        """SeaweedFS's volume server."""
        return self.base + 11

    @property
    def seaweed_filer(self) -> int:
        """SeaweedFS's filer."""
        return self.base + 12

    @property
    def seaweedfs(self) -> tuple[int, ...]:
        """Every port that SeaweedFS listens on, twins included."""
        own = (self.s3, self.seaweed_master, self.seaweed_volume, self.seaweed_filer)
        return own + tuple(port + GRPC_OFFSET for port in own)

    @property
    def secured(self) -> tuple[int, int, int]:
        """The ports that only a secured stack uses."""
        return self.kafka_secured, self.kafka_mutual, self.s3_secured

    @property
    def all(self) -> tuple[int, ...]:
        """Every port of the block that is used."""
        return (
            tuple(range(self.base, self.base + 10))
            + self.seaweedfs[1:]
            + self.image_sources[1:]
            + (self.stats, self.shop_page, *self.secured)
        )


def bindable(port: int) -> bool:
    """Return whether this port of 127.0.0.1 is free."""
    return all_bindable((port,))


def refuse_taken(port: int, owner: str) -> None:
    """Raise DevstackError when `port`, which `owner` is about to use, is taken."""
    if not bindable(port):
        raise DevstackError(
            f"port {port}, which {owner} needs, is in use by another program; "
            f"stop that program or choose other ports: {BASE_VARIABLE}={DEFAULT_BASE + 1000} make run"
        )


def free_port() -> int:
    """Return a port of the loopback address that could be bound a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def all_bindable(ports: tuple[int, ...]) -> bool:
    """Return whether all these ports of 127.0.0.1 can be bound at the same time."""
    with ExitStack() as held:
        try:
            for port in ports:
                probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                # As the servers do, so that closed connections of an earlier run do not count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
                probe.listen()
        except OSError:
            return False
    return True
