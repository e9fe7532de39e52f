"""Parts of reports in Redis or Valkey, for a limited time, with locks that end by themselves."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from faust_app.core.statistics.unavailable import CacheMisconfigured, CacheUnavailable
from faust_app.tls import SYSTEM, TlsFault, pem_of, tls_fault

_SECONDS: Final = 0.25
"""Seconds that a command may take: beyond it the figures are faster read from their store."""
_PROBE_SECONDS: Final = 3.0
_PAUSE: Final = 5.0
"""Seconds without another attempt after one failed: a cache that hangs must not cost each report its time-out."""
_CONNECTIONS: Final = 32
_VIEWS: Final = "stats:1:views"
_WEEK: Final = 7 * 86400
_LOCK: Final = "stats:1:lock:"
# Only the holder may release: its lock may have ended, and be another's by now.
_UNLOCK: Final = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisReportCache:
    """Implements `flows.ports.statistics.ReportCache`."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._pause_until = 0.0

    @classmethod
    @asynccontextmanager
    async def connect(cls, address: str, ca: str | None = None) -> AsyncIterator[Self]:
        """Yield a cache that connects when first used, so that a process starts while Redis is unavailable.

        `ca` is the authority that signs its certificate, as in the settings; without it those count that the system trusts.
        """
        # The blocking pool waits for a free connection; the plain one raises when many requests come at once.
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            address, max_connections=_CONNECTIONS, timeout=_SECONDS, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS,
            retry=Retry(NoBackoff(), 1), **_tls(address, ca),
        )  # fmt: skip
        client = redis.asyncio.Redis(connection_pool=pool)
        try:
            yield cls(client)
        finally:
            with suppress(RedisError, OSError, TimeoutError):  # a goodbye that is not heard in time changes nothing
                await client.aclose()
                await pool.aclose()

    async def probe(self) -> None:
        """Check access. Raises CacheUnavailable, and CacheMisconfigured if the cache refuses the settings."""
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await self._client.ping()
        except (RedisError, OSError, TimeoutError) as error:
            raise _failure(error) from error

    async def version(self) -> str:
        """Return product and version of the server. Raises CacheUnavailable."""
        async with self._named():
            info = await self._client.info("server")
        valkey = info.get("valkey_version")
        return f"Valkey {valkey}" if valkey else f"Redis {info.get('redis_version', 'of unknown version')}"

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        async with self._named():
            values = await self._client.mget(keys) if keys else []
            return [value if isinstance(value, bytes) else None for value in values]

    async def put(self, values: Mapping[str, bytes], seconds: int) -> None:
        async with self._named():
            pipe = self._client.pipeline(transaction=False)
            for key, value in values.items():
                pipe.set(key, value, ex=seconds)
            await pipe.execute()

    async def lock(self, name: str, token: str, milliseconds: int) -> bool:
        async with self._named():
            return bool(await self._client.set(_LOCK + name, token, nx=True, px=milliseconds))

    async def unlock(self, name: str, token: str) -> None:
        async with self._named():
            await self._client.eval(_UNLOCK, 1, _LOCK + name, token)

    async def forget(self, keys: Sequence[str]) -> None:
        async with self._named():
            if keys:
                await self._client.delete(*keys)

    async def count_view(self, shop_no: int) -> None:
        async with self._named():
            pipe = self._client.pipeline(transaction=False)
            pipe.zincrby(_VIEWS, 1, str(shop_no))
            pipe.expire(_VIEWS, _WEEK, nx=True)  # a new count begins each week
            await pipe.execute()

    async def most_viewed(self, limit: int) -> list[int]:
        async with self._named():
            return [
                int(str(shop_no, "ascii")) for shop_no in await self._client.zrevrange(_VIEWS, 0, limit - 1) if isinstance(shop_no, bytes)
            ]

    @asynccontextmanager
    async def _named(self) -> AsyncIterator[Any]:
        now = time.monotonic()
        if now < self._pause_until:
            raise CacheUnavailable("The cache did not answer a moment ago.")
        try:
            yield
        except (RedisError, OSError, TimeoutError) as error:
            self._pause_until = time.monotonic() + _PAUSE
            raise _failure(error) from error


_OF_TLS: Final = {
    TlsFault.UNTRUSTED: "REDIS_CA",
    TlsFault.EXPIRED: "the certificate of the server in REDIS_URL",
    TlsFault.NOT_YET_VALID: "the certificate of the server in REDIS_URL",
    TlsFault.OTHER_HOST: "REDIS_URL",
    TlsFault.NOT_TLS: "REDIS_URL",
}


def _failure(error: BaseException) -> CacheUnavailable:
    fault = tls_fault(error)
    if fault in _OF_TLS:
        return CacheMisconfigured(f"The cache {fault.value}.", setting=_OF_TLS[fault])
    refused = isinstance(error, ResponseError) and str(error).startswith(("WRONGPASS", "NOAUTH", "NOPERM"))
    if isinstance(error, AuthenticationError) or refused:
        return CacheMisconfigured("The cache refuses the user or the password.", setting="REDIS_URL")
    return CacheUnavailable("The cache did not answer in time, or refused.")


def _tls(address: str, ca: str | None) -> dict[str, Any]:
    """Return the options of a TLS connection, none for an address without."""
    if not address.startswith("rediss:"):
        return {}
    # The library looks at host names only when told to.
    return {"ssl_check_hostname": True, **({} if ca is None or ca == SYSTEM else {"ssl_ca_data": pem_of(ca)})}
