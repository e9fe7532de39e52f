"""PUT of one object with a signature of its own making: the hottest call of a worker.

aioboto3's `put_object` spends several times the CPU on building, hooking and signing a request than on sending it. This
signs by AWS Signature Version 4 with the digest that is known already.
Source: AWS General Reference, "Create a signed AWS API request" (canonical request, string to sign, signing key).
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from faust_app.adapters.s3.answers import answered, without_credentials
from faust_app.adapters.s3.connections import Connections

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_OK: Final = 200
"""S3's only success for a PUT."""


class Frozen(Protocol):
    """Credentials that do not change."""

    access_key: str
    secret_key: str
    token: str | None


class Credentials(Protocol):
    """The credentials of a session, which renews those that expire."""

    async def get_frozen_credentials(self) -> Frozen:
        """Return what is valid now."""
        ...


class SignedPut:
    """Puts objects into one bucket of `endpoint_url` with the credentials of a session, None where it has none."""

    def __init__(self, connections: Connections, credentials: Credentials | None, endpoint_url: str, bucket: str, region: str) -> None:
        self._connections = connections
        self._credentials = credentials
        endpoint = urlsplit(endpoint_url)
        self._host = endpoint.netloc
        self._base = f"{endpoint.path.rstrip('/')}/{bucket}/"
        self._region = region
        self._signing_key: tuple[tuple[str, str], bytes] | None = None

    async def __call__(self, key: str, content: bytes, sha256: str, headers: dict[str, str]) -> None:
        """Put the bytes; header names are lower case. Raises Unavailable on any answer but success, and OSError."""
        path = self._base + quote(key, safe="/-_.~")
        signed = await self.sign(path, sha256, headers, datetime.now(UTC))
        head = _head(path, signed, len(content))
        answer = await self._connections.request(head, content)
        if answer.status != _OK:
            raise answered("PutObject", error_code(answer.body) or str(answer.status))

    async def sign(self, path: str, sha256: str, headers: dict[str, str], at: datetime) -> dict[str, str]:
        """Return the headers to send: the given ones, the signed ones and the signature; `path` is percent-encoded."""
        if self._credentials is None:
            raise without_credentials("PutObject")
        credentials = await self._credentials.get_frozen_credentials()
        stamp = f"{at:%Y%m%dT%H%M%SZ}"
        signed = {**headers, "host": self._host, "x-amz-content-sha256": sha256, "x-amz-date": stamp}
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        names = sorted(signed)
        lines = "".join([f"{name}:{signed[name].strip()}\n" for name in names])
        listed = ";".join(names)
        canonical = f"PUT\n{path}\n\n{lines}\n{listed}\n{sha256}"
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key(credentials.secret_key, stamp[:8]), to_sign.encode(), "sha256").hex()
        credential = f"{credentials.access_key}/{scope}"
        signed["authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={listed}, Signature={signature}"
        return signed

    def _key(self, secret: str, day: str) -> bytes:
        """Return the signing key, which holds for a day."""
        if self._signing_key is None or self._signing_key[0] != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._signing_key = ((secret, day), key)
        return self._signing_key[1]


def _head(path: str, headers: dict[str, str], length: int) -> bytes:
    """Return what comes before the body. Raises ValueError for a line end within a line, which would begin a header of its own."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    head = f"PUT {path} HTTP/1.1\r\n{lines}content-length: {length}\r\n\r\n"
    ends = len(headers) + 3
    if (head.count("\r"), head.count("\n")) != (ends, ends):
        raise ValueError("a header of a PUT holds the end of a line")
    return head.encode()


def error_code(body: bytes) -> str | None:
    """Return the <Code> of S3's error document, None where there is none."""
    _, found, rest = body.partition(b"<Code>")
    code, ended, _ = rest.partition(b"</Code>")
    return code.decode("ascii", "replace")[:60] if found and ended else None
