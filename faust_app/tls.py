"""TLS of our own connections: contexts from the certificates that the settings name, and what went wrong with one."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Final

SYSTEM: Final = "system"
"""In place of an authority's certificate: those that the operating system trusts."""
_PEM: Final = "-----BEGIN "


class CertificateError(Exception):
    """A certificate or key of the settings is not usable; the message never repeats it."""


class TlsFault(Enum):
    """Why no TLS connection came about; the value completes a sentence about the server."""

    UNTRUSTED = "shows a certificate that no trusted authority has signed"
    EXPIRED = "shows a certificate that has expired"
    NOT_YET_VALID = "shows a certificate that is not valid yet"
    OTHER_HOST = "shows a certificate for another host"
    REFUSED = "refuses our certificate, or asks for one"
    NOT_TLS = "does not speak TLS at this address"
    FAILED = "and we agree on no TLS connection"


def is_pem(text: str) -> bool:
    """Return whether the text is PEM itself, and not the path of a file."""
    return _PEM in text


def pem_of(text: str) -> str:
    r"""Return the PEM text that a setting holds, or names the file of; `\n` stands for a line end. Raises CertificateError."""
    if is_pem(text):
        return text.replace("\\n", "\n")
    try:
        return Path(text).read_text(encoding="ascii")
    except OSError as error:
        raise CertificateError(f"its file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CertificateError("its file is not PEM") from error


def certificate_ends(text: str) -> list[datetime]:
    """Return when the certificates end, the first to end first, UTC without a zone; the text is a path or PEM. Raises CertificateError."""
    from cryptography import x509  # noqa: PLC0415 - 50 ms of each start, for settings that few processes have

    try:
        found = x509.load_pem_x509_certificates(pem_of(text).encode())
    except ValueError as error:
        raise CertificateError("it holds no certificate in PEM") from error
    return sorted(each.not_valid_after_utc.replace(tzinfo=None) for each in found)


@lru_cache(maxsize=16)
def client_context(ca: str | None, certificate: str | None = None, key: str | None = None) -> ssl.SSLContext:
    """Return a context that checks the server's certificate and host name; each argument is a path or PEM.

    Without `ca`, or with `system`, the operating system's authorities count. Raises CertificateError.
    """
    context = ssl.create_default_context(cadata=None if ca is None or ca == SYSTEM else _authorities(ca))
    # Authorities of managed services often lack extensions that Python 3.13 began to ask for; chain, dates and host still count.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if certificate is not None:
        with pem_file(certificate) as chain, pem_file(key or certificate) as private:
            try:
                context.load_cert_chain(chain, private, password=_no_passphrase)
            except (ssl.SSLError, ValueError) as error:
                raise CertificateError("certificate and key are not a pair in PEM, or the key has a passphrase") from error
    return context


@contextmanager
def pem_file(text: str) -> Iterator[Path]:
    """Yield the file that a setting names; PEM text lies in one for as long, which nobody else can read. Raises CertificateError."""
    if not is_pem(text):
        pem_of(text)
        yield Path(text)
        return
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(pem_of(text))
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def tls_fault(error: BaseException | None) -> TlsFault | None:
    """Return what TLS has to do with an error, None if nothing: libraries wrap the error of `ssl` in their own."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or each in seen:
            continue
        seen.append(each)
        if (code := getattr(each, "verify_code", None)) is not None:
            return _VERIFICATION.get(code, TlsFault.UNTRUSTED)
        if isinstance(each, ssl.SSLError) and getattr(
            each, "reason", None
        ):  # aiohttp's own errors are of this class too, and wrap the real one
            return _failed(each)
        waiting += [each.__cause__, each.__context__, *(getattr(each, name, None) for name in _WRAPPED)]
        waiting += [getattr(each, "kwargs", {}).get("error"), *each.args]
    return None


_WRAPPED: Final = ("original_exception", "certificate_error", "os_error", "orig")
_VERIFICATION: Final = {9: TlsFault.NOT_YET_VALID, 10: TlsFault.EXPIRED, 62: TlsFault.OTHER_HOST, 64: TlsFault.OTHER_HOST}
"""By OpenSSL's codes X509_V_ERR_*; every other one is about the chain."""


def _failed(error: ssl.SSLError) -> TlsFault:
    reason = error.reason or ""
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}:
        return TlsFault.NOT_TLS
    if "ALERT" in reason and any(word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "BAD_CERT", "ACCESS_DENIED")):
        return TlsFault.REFUSED
    return TlsFault.FAILED


def _authorities(text: str) -> str:
    pem = pem_of(text)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except ssl.SSLError as error:
        raise CertificateError("is no certificate in PEM") from error
    return pem


def _no_passphrase() -> str:
    """Answer OpenSSL, which would otherwise ask at the terminal."""
    return ""
