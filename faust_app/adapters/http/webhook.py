"""Sends messages to the operator's webhook: one POST each, signed, in the configured format.

The address itself may be a secret (Slack's is): it is never logged, nor is any error text of the HTTP library, which may hold it.
"""

import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp

from faust_app.core.alerts.message import AlertMessage, Delivered, Undelivered
from faust_app.core.alerts.webhook_format import parse_secret, parse_template, signature, slack_body, standard_body, template_body
from faust_app.core.foreign import one_line
from faust_app.core.retry_after import retry_after
from faust_app.settings import Settings

TIMEOUT: Final = 10.0
_CONNECT_TIMEOUT: Final = 5.0
_ANSWER_BYTES: Final = 1024
_ANSWER_SHOWN: Final = 100
_LATER: Final = {408, 425, 429}
"""Client errors after which the message is tried again soon."""


class Webhook:
    """Implements `flows.ports.alerts.Messenger` over HTTP; redirects are not followed, since they could send the message elsewhere."""

    def __init__(self, settings: Settings, *, timeout: float = TIMEOUT) -> None:
        if settings.alert_webhook_url is None:
            raise ValueError("ALERT_WEBHOOK_URL is not set")
        self._url = settings.alert_webhook_url.get_secret_value()
        self._format = settings.alert_webhook_format
        secret = settings.alert_webhook_secret
        self._key = parse_secret(secret.get_secret_value()) if secret is not None else None
        self._template = parse_template(settings.alert_webhook_template) if settings.alert_webhook_template else None
        self._timeout = timeout
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=_CONNECT_TIMEOUT),
            headers={"User-Agent": f"shop-images/{version('shop-images')}", "Content-Type": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    async def send(self, webhook_id: str, message: AlertMessage) -> Delivered | Undelivered:
        body = self._body(message)
        headers = self._headers(webhook_id, int(time.time()), body)
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                said = self._shown((await answer.content.read(_ANSWER_BYTES)).decode(errors="replace"))
                return _result_of(answer.status, answer.headers, said)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return Undelivered(_described(error, self._timeout))

    def _body(self, message: AlertMessage) -> bytes:
        if self._format == "slack":
            return slack_body(message)
        if self._format == "template":
            return template_body(self._template, message)
        return standard_body(message)

    def _headers(self, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """Return the headers of Standard Webhooks; the timestamp is the attempt's, since receivers reject old ones."""
        headers = {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp)}
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, webhook_id, timestamp, body)
        return headers

    def _shown(self, answer: str) -> str:
        """Return the messenger's response as one short line, with every part of the address masked."""
        shown = one_line(answer)
        parts = urlsplit(self._url)
        for secret in sorted({self._url, parts.path, parts.query, *parts.path.split("/")}, key=len, reverse=True):
            if len(secret) > len("services"):
                shown = shown.replace(secret, "***")
        return shown[:_ANSWER_SHOWN]


def _result_of(status: int, headers: Mapping[str, str], said: str) -> Delivered | Undelivered:
    answer = f"status {status}" + (f": {said}" if said else "")
    if 200 <= status < 300:  # noqa: PLR2004 - accepted
        return Delivered(answer)
    later = status in _LATER or status >= 500  # noqa: PLR2004 - the messenger's own fault
    wait = retry_after(headers.get("Retry-After"), answered=headers.get("Date"), now=datetime.now(UTC))
    return Undelivered(answer, refused=not later, retry_after=wait)


def _described(error: Exception, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:.0f} s"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its host name does not resolve"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.os_error.strerror or 'the server is not listening'}"
    return "the transfer failed"
