"""The minimum of work for an image in Python: GET, PUT by aioboto3, one UPDATE. No Kafka, no state, no safety.

Run as a separate process, `python -m bench.contenders.bare_loop COUNT SOURCE`; prints images per CPU-second.
"""

import asyncio
import sys
import time

import aioboto3
import aiohttp
import aiomysql
import uvloop
from botocore.config import Config

from faust_app.settings import Settings

SLOTS = 64


async def main(count: int, source: str) -> None:
    """Move `count` images and print images per CPU-second."""
    settings = Settings(_env_file=None)
    secret = settings.s3_secret_access_key
    client = aioboto3.Session().client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=None if secret is None else secret.get_secret_value(),
        region_name=settings.s3_region,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=SLOTS),
    )
    pool = await aiomysql.create_pool(**settings.database, autocommit=True, minsize=8, maxsize=8)
    numbers = iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=SLOTS)) as http, client as s3:

        async def one(number: int) -> None:
            async with http.get(f"{source}/flat/{number}?bytes=100000&v=bare") as answer:
                body = await answer.read()
            await s3.put_object(Bucket=settings.s3_bucket, Key=f"bare/{number}.jpg", Body=body, ContentType="image/jpeg")
            async with pool.acquire() as connection, connection.cursor() as cursor:
                await cursor.execute("UPDATE bare SET done = 1 WHERE number = %s", (number,))

        async def slot() -> None:
            for number in numbers:
                await one(number)

        started = time.process_time()
        await asyncio.gather(*(slot() for _ in range(SLOTS)))
        print(count / (time.process_time() - started))
    pool.terminate()
    await pool.wait_closed()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
