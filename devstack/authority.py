"""A certificate authority of the stack's own, and the certificates with which its servers speak TLS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from devstack.secrets import write_private

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = ("127.0.0.1",)


class Authority:
    """One authority, and files of certificates that it signed; each start of a stack makes a new one."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self._ca.cert_pem.bytes())
        self.server = self.issue("server")
        self.client = self.issue("client")

    def issue(self, name: str, *hosts: str, expired: bool = False) -> KeyPair:
        """Write a certificate for 127.0.0.1, or the given hosts, and its key; an expired one ended an hour ago."""
        until = datetime.now(UTC) - timedelta(hours=1) if expired else None
        issued = self._ca.issue_cert(*(hosts or HOSTS), not_after=until, not_before=datetime(2020, 1, 1, tzinfo=UTC))
        chain = b"".join(part.bytes() for part in issued.cert_chain_pems)
        # Kafka reads keys in PKCS#8 only.
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return KeyPair(self._folder / f"{name}.pem", self._folder / f"{name}.key", chain, private)


class KeyPair:
    """A certificate with its chain, its key, and both in one file."""

    def __init__(self, certificate: Path, key: Path, chain: bytes, private: bytes) -> None:
        self.certificate, self.key = certificate, key
        self.both = certificate.with_suffix(".both.pem")
        certificate.write_bytes(chain)
        write_private(key, private.decode())
        write_private(self.both, (private + chain).decode())
