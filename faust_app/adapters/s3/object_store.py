"""The bucket, over S3: aioboto3 for everything but the PUT, which has a short way of its own."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self

import aioboto3
import aiohttp
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from faust_app.adapters.s3.answers import answered, refused, without_credentials
from faust_app.adapters.s3.connections import CONNECT_SECONDS, READ_SECONDS, Connections, InvalidAnswerError, UnreachableError
from faust_app.adapters.s3.signed_put import SignedPut
from faust_app.core.failure import Dependency, Misconfigured, Unavailable
from faust_app.core.foreign import one_line
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.tls import SYSTEM, TlsFault, pem_file, tls_fault

CACHE_CONTROL: Final = "public, max-age=31536000, immutable"
_PROBE_KEY: Final = "shop-images-probe"
_MAX_PRODUCT: Final = 60
_DELETE_GROUP: Final = 1000
"""Keys that S3 takes in one DeleteObjects."""
_OF_LIBRARIES: Final = (
    ClientError,
    BotoCoreError,
    HTTPClientError,
    ResponseParserError,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)
"""The errors by which the libraries say that storage did not do its part."""


@dataclass(frozen=True, slots=True)
class StorageServer:
    """What storage says of itself in an answer: its time to the second, and its product, empty where it names none."""

    time: datetime
    product: str


class S3ObjectStore:
    """Implements `flows.ports.transfer.ObjectStore`. Every method raises Unavailable when storage does not do its part."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        self._settings = settings
        self._metrics = metrics or Metrics()
        self._bucket = settings.s3_bucket
        self._stack = AsyncExitStack()
        self._client: Any = None
        self._put: SignedPut

    async def __aenter__(self) -> Self:
        secret = self._settings.s3_secret_access_key
        session = aioboto3.Session(
            aws_access_key_id=self._settings.s3_access_key_id,
            aws_secret_access_key=None if secret is None else secret.get_secret_value(),
            region_name=self._settings.s3_region,
        )
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            max_pool_connections=self._settings.slots,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": 1},  # whether to try again is the flow's decision
        )
        ca = self._settings.s3_ca
        verify = str(self._stack.enter_context(pem_file(ca))) if ca is not None and ca != SYSTEM else None
        client = session.client("s3", endpoint_url=self._settings.s3_endpoint_url, config=config, verify=verify)
        self._client = await self._stack.enter_async_context(client)
        credentials = await session.get_credentials()  # what the client has too: it asked the session when it was made
        endpoint_url = self._client.meta.endpoint_url
        connections = Connections(endpoint_url, self._settings.slots, ca)
        self._stack.callback(connections.close)
        self._metrics.watch_pool(
            "storage",
            connections.limit,
            in_use=lambda: connections.in_use,
            idle=lambda: connections.idle,
            waiting=lambda: connections.waiting,
        )
        self._put = SignedPut(connections, credentials, endpoint_url, self._bucket, self._settings.s3_region)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def ensure_bucket(self) -> None:
        """Create the bucket where it is missing; safe to repeat. Raises Misconfigured when storage does not let us in."""
        with self._named("HeadBucket"):
            try:
                await self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if _code(error) == "403":  # an answer to HEAD has no body that would say why
                    await self.probe()
                if _code(error) not in {"404", "NoSuchBucket"}:
                    raise
                await self._client.create_bucket(Bucket=self._bucket)

    async def find_bucket(self) -> None:
        """Return where there is such a bucket, whatever it grants. Raises Misconfigured where there is none."""
        with self._named("HeadBucket"):
            try:
                await self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if _code(error) in {"404", "NoSuchBucket"}:
                    raise answered("HeadBucket", "NoSuchBucket") from error
                if _code(error) != "403":  # which a key without the right to list gets, and one that storage does not know
                    raise

    async def server(self) -> StorageServer:
        """Return what the server says of itself: it does so in a refusal too, so no right is needed."""
        with self._named("HeadBucket"):
            try:
                answer = await self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                answer = error.response
                if "date" not in _headers(answer):
                    raise
        headers = _headers(answer)
        return StorageServer(parsedate_to_datetime(headers["date"]), one_line(headers.get("server", ""), _MAX_PRODUCT))

    async def probe(self) -> None:
        """Check access by reading an object that need not exist. Raises Misconfigured if storage refuses the settings."""
        await self.read(_PROBE_KEY)

    async def put(self, key: str, content: bytes, *, content_type: str, sha256: str, metadata: dict[str, str]) -> None:
        """Store the bytes under the key; `sha256` is their digest in hex, `metadata` is ASCII."""
        headers = {"content-type": content_type, "cache-control": CACHE_CONTROL}
        headers |= {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        with self._named("PutObject"):
            await self._put(key, content, sha256, headers)

    async def put_mark(self, key: str) -> None:
        """Store an empty object: that it is there is all it tells."""
        await self.put(key, b"", content_type="text/plain", sha256=hashlib.sha256(b"").hexdigest(), metadata={})

    async def exists(self, key: str) -> bool:
        """Return whether there is an object under the key."""
        with self._named("HeadObject"):
            try:
                await self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if _code(error) == "404":
                    return False
                raise
            return True

    async def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None where there is none."""
        with self._named("GetObject"):
            try:
                answer = await self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if _code(error) == "NoSuchKey":
                    return None
                raise
            async with answer["Body"] as body:
                return await body.read()  # type: ignore[no-any-return]

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete the objects (any number); a missing one is no error."""
        for start in range(0, len(keys), _DELETE_GROUP):
            objects = [{"Key": key} for key in keys[start : start + _DELETE_GROUP]]
            with self._named("DeleteObjects"):
                answer = await self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})
            if answer.get("Errors"):
                raise refused("DeleteObjects", str(answer["Errors"][0].get("Code", "an error"))[:60])

    async def list_keys(self, prefix: str, *, after: str = "") -> AsyncIterator[str]:
        """Yield every key under the prefix that comes after `after`, in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after)
        with self._named("ListObjectsV2"):
            async for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"]

    async def list_folders(self, prefix: str) -> list[str]:
        """Return what comes between the prefix (it ends with a slash) and the next slash of each key."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
        with self._named("ListObjectsV2"):
            found = [entry["Prefix"] async for page in pages for entry in page.get("CommonPrefixes", ())]
        return [name.removeprefix(prefix).rstrip("/") for name in found]

    async def presigned_url(self, key: str, seconds: int) -> str:
        """Return an address that anybody may read the object from for so many seconds."""
        parameters = {"Bucket": self._bucket, "Key": key}
        with self._named("sign"):
            return await self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)  # type: ignore[no-any-return]

    @contextmanager
    def _named(self, operation: str) -> Iterator[None]:
        """Translate every error of the libraries into Unavailable, with the operation and S3's own code, and count it."""
        try:
            yield
        except (Unavailable, *_OF_LIBRARIES) as error:
            self._metrics.storage_errors.labels(operation).inc()
            if isinstance(error, Unavailable):
                raise
            raise _failure(operation, error) from error


_OF_TLS: Final = {
    TlsFault.UNTRUSTED: "S3_CA",
    TlsFault.EXPIRED: "the certificate of the server at S3_ENDPOINT_URL",
    TlsFault.NOT_YET_VALID: "the certificate of the server at S3_ENDPOINT_URL",
    TlsFault.OTHER_HOST: "S3_ENDPOINT_URL",
    TlsFault.NOT_TLS: "S3_ENDPOINT_URL",
}


def _failure(operation: str, error: Exception) -> Unavailable:
    if isinstance(error, ClientError):
        return answered(operation, _code(error))
    fault = tls_fault(error)
    if fault in _OF_TLS:
        return Misconfigured(Dependency.STORAGE, f"Storage {fault.value}.", setting=_OF_TLS[fault])
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return without_credentials(operation)
    return Unavailable(Dependency.STORAGE, _unanswered(operation, error))


def _unanswered(operation: str, error: Exception) -> str:
    match error:
        case CredentialRetrievalError() | MetadataRetrievalError():
            return f"The credentials of the role for {operation} cannot be had."
        case UnreachableError() | EndpointConnectionError():
            return f"There is no connection to storage for {operation}."
        case TimeoutError() | ConnectTimeoutError() | ReadTimeoutError():
            return f"Storage did not answer {operation} in time."
        case ResponseParserError() | InvalidAnswerError():
            return f"What storage answered to {operation} is no document of S3."
        case _:
            return f"The connection to storage broke off during {operation}."


def _headers(answer: Mapping[str, Any]) -> Mapping[str, str]:
    headers: Mapping[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "an error"))[:60]
