"""The minimum of work for an image in Python: GET by aiohttp, PUT by aioboto3, one UPDATE by aiomysql. No state, no retry, no safety.

All contenders but the product share it, so that they differ by what hands them their events.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import aioboto3
import aiohttp
import aiomysql
from botocore.config import Config

from faust_app.settings import Settings

SLOTS: Final = 64
_CONNECTIONS: Final = 8


class Check(Protocol):
    """Judges an image before it is stored."""

    async def __call__(self, body: bytes) -> None:
        """Raise an error for an image that is broken."""


class ImageMover:
    """Moves images for one contender, whose table of images is `moved_NAME` and whose objects are at `NAME/IMAGE`."""

    def __init__(self, name: str, http: aiohttp.ClientSession, s3: Any, pool: Any, bucket: str) -> None:
        self._http, self._s3, self._pool, self._bucket = http, s3, pool, bucket
        self._name = name
        self._update = f"UPDATE moved_{name} SET done = 1 WHERE image_id = %s"  # noqa: S608 - the name is a contender's

    async def move(self, image_id: str, source_url: str, check: Check | None = None) -> None:
        """Fetch an image, store it, and mark its row as done."""
        async with self._http.get(source_url) as answer:
            body = await answer.read()
        if check is not None:
            await check(body)
        await self._s3.put_object(Bucket=self._bucket, Key=f"{self._name}/{image_id}", Body=body, ContentType="image/jpeg")
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(self._update, (image_id,))

    async def images(self) -> list[tuple[str, str]]:
        """Return id and source of every image whose row is not done."""
        sql = f"SELECT image_id, source_url FROM moved_{self._name} JOIN image USING (image_id) WHERE done = 0"  # noqa: S608 - as above
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(sql)
            return [(image_id.decode(), source_url) for image_id, source_url in await cursor.fetchall()]


@asynccontextmanager
async def open_mover(name: str, settings: Settings) -> AsyncIterator[ImageMover]:
    """Open what an image needs, and close it afterwards."""
    secret = settings.s3_secret_access_key
    client = aioboto3.Session().client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=None if secret is None else secret.get_secret_value(),
        region_name=settings.s3_region,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=SLOTS),
    )
    pool = await aiomysql.create_pool(**settings.database, autocommit=True, minsize=_CONNECTIONS, maxsize=_CONNECTIONS)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=SLOTS)) as http, client as s3:
            yield ImageMover(name, http, s3, pool, settings.s3_bucket)
    finally:
        pool.terminate()
        await pool.wait_closed()
