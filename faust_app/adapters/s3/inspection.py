"""Which rights the bucket grants, and what its server says of itself, for the self-check."""

import time
from secrets import token_hex
from typing import Final

from faust_app.adapters.s3.answers import Refused
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.core.selfcheck.bucket import Right, told_apart

_FOLDER: Final = "selfcheck/"


async def refused_rights(store: S3ObjectStore) -> dict[Right, str]:
    """Write, read, list and delete one small object, each whatever became of the others; return what storage refused, with its sentence.

    Leaves the object behind where it cannot be deleted. Raises Unavailable when storage does not answer at all, and Misconfigured when it
    does not know us or the bucket.
    """
    await store.find_bucket()  # some storages create a missing bucket with its first object
    key, refused = f"{_FOLDER}{token_hex(8)}", dict[Right, str]()

    async def attempt(right: Right) -> None:
        match right:
            case Right.PUT:
                await store.put_mark(key)
            case Right.GET:
                await store.read(key)
            case Right.LIST:
                await store.list_folders(_FOLDER)
            case Right.DELETE:
                await store.delete([key])

    for right in Right:
        try:
            await attempt(right)
        except Refused as refusal:
            refused[right] = refusal.detail
    return told_apart(refused)


async def clock_and_product(store: S3ObjectStore) -> tuple[float, str]:
    """Return how many seconds storage's clock is ahead of this machine's, to the second, and the product it names. Raises Unavailable."""
    sent = time.time()
    server = await store.server()
    return server.time.timestamp() + 0.5 - (sent + time.time()) / 2, server.product
