"""Formats a message for a webhook (Standard Webhooks, Slack, or the operator's JSON template), and signs it."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from typing import Any, Final

from faust_app.core.alerts.message import AlertMessage
from faust_app.core.iso_time import iso_time

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with
_SECRET_BYTES: Final = range(24, 65)
_PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_PLACEHOLDERS: Final = ("title", "text", "form", "severity", "urgency", "time", "causes")


def standard_body(message: AlertMessage) -> bytes:
    """Return the body that Standard Webhooks recommends: type, timestamp, data."""
    data = {
        "urgency": message.urgency.value,
        "severity": message.severity.value,
        "title": message.title,
        "text": message.text,
        "causes": [
            {
                "notice": cause.notice,
                "fingerprint": cause.fingerprint,
                "code": cause.code,
                "host": cause.host,
                "urgency": cause.urgency.value,
                "severity": cause.severity,
                "since": iso_time(cause.since, "seconds"),
                "images": cause.images,
                "shops": cause.shops,
            }
            for cause in message.causes
        ],
    }
    return _json({"type": f"shop_images.{message.form.value}", "timestamp": iso_time(message.at, "seconds"), "data": data})


def slack_body(message: AlertMessage) -> bytes:
    """Return Slack's format; &, < and > are escaped as Slack requires, so that no text becomes a link or a mention."""
    text = f"{message.title}\n{message.text}"
    for letter, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(letter, escaped)
    return _json({"text": text})


def template_body(template: Any, message: AlertMessage) -> bytes:
    """Return a template of `parse_template` with its placeholders filled in; it stays JSON whatever the values contain."""
    values = {
        "title": message.title,
        "text": message.text,
        "form": message.form.value,
        "severity": message.severity.value,
        "urgency": message.urgency.value,
        "time": iso_time(message.at, "seconds"),
        "causes": str(len(message.causes)),
    }
    return _json(_filled(template, values))


def parse_template(text: str) -> Any:
    """Parse a JSON template whose strings may contain placeholders like {{text}}. Raises ValueError in one line."""
    try:
        template = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("is not valid JSON") from error
    if not isinstance(template, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 - for the operator it is a wrong value
    names = set(_PLACEHOLDER.findall(json.dumps(template, ensure_ascii=False)))
    if names - set(_PLACEHOLDERS):
        raise ValueError(f"may contain the placeholders {', '.join('{{' + name + '}}' for name in _PLACEHOLDERS)} only")
    if not names & {"title", "text"}:
        raise ValueError("must contain {{title}} or {{text}}")
    return template


def parse_secret(text: str) -> bytes:
    """Return the key of a Standard Webhooks secret: `whsec_` followed by 24 to 64 bytes in base64. Raises ValueError."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise ValueError(f"must be {SECRET_PREFIX} followed by {_SECRET_BYTES.start} to {_SECRET_BYTES.stop - 1} bytes in base64")
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header webhook-signature: v1, HMAC-SHA256 of `id.timestamp.body` (standardwebhooks.com, symmetric scheme)."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _filled(part: Any, values: dict[str, str]) -> Any:
    if isinstance(part, str):
        return _PLACEHOLDER.sub(lambda found: values[found[1]], part)
    if isinstance(part, list):
        return [_filled(item, values) for item in part]
    if isinstance(part, dict):
        return {name: _filled(item, values) for name, item in part.items()}
    return part


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
