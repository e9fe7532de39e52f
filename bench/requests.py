"""Requests of a client over HTTP, one at a time, to any process of an installation."""

import time
from typing import Final
from urllib.request import Request, urlopen

from bench.installation import Installation

_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.2


def request_of(
    installation: Installation, path: str, body: bytes | None = None, *, method: str | None = None, accept: str = "*/*"
) -> Request:
    """Return a request to the web process, with the operator's token and a body of JSON."""
    headers = {"Authorization": f"Bearer {installation.token}", "Accept": accept}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return Request(installation.web_url + path, body, headers, method=method)  # noqa: S310 - our own address


def worker_request(installation: Installation, path: str) -> Request:
    """Return a request to the worker, with the operator's token."""
    address = f"http://127.0.0.1:{installation.environment['WORKER_PORT']}{path}"
    return Request(address, headers={"Authorization": f"Bearer {installation.token}"})


def answer_to(request: Request) -> bytes:
    """Return the whole answer. Raises OSError where none comes, and for a status that is an error."""
    with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
        return bytes(answer.read())


def first_answer(request: Request) -> bytes:
    """Repeat the request until it is answered, for a minute at most, and return the answer. Raises the last OSError."""
    limit = time.monotonic() + _SECONDS
    while True:
        try:
            return answer_to(request)
        except OSError:
            if time.monotonic() > limit:
                raise
            time.sleep(_POLL_SECONDS)
