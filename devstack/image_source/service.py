"""The image source as a service of the stack."""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from devstack.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devstack.ports import Ports

CLONE = Path(__file__).resolve().parents[2]


class ImageSource(Service):
    """The sample source of images, in a separate process."""

    name: ClassVar[str] = "image_source"
    title: ClassVar[str] = "Sample image source"
    grace: ClassVar[float] = 3.0

    def __init__(self, folder: Path, ports: Ports) -> None:
        super().__init__(folder, ports.image_sources)
        self._port, self._untrusted, self._closed = ports.image_sources

    @property
    def address(self) -> str:
        """The URL at the start of every picture's address."""
        return f"http://127.0.0.1:{self._port}"

    def prepare(self) -> None:
        """Prepare nothing: pictures are generated on request."""

    def variables(self) -> Mapping[str, str]:
        """Return the path by which the process finds this package from any working directory."""
        return {"PYTHONPATH": os.pathsep.join(filter(None, [str(CLONE), os.environ.get("PYTHONPATH")]))}

    def command(self) -> list[str]:
        """Return the server's command line."""
        ports = {"--port": self._port, "--untrusted": self._untrusted, "--closed": self._closed}
        return [sys.executable, "-m", "devstack.image_source", *(text for name, port in ports.items() for text in (name, str(port)))]

    def answers(self) -> bool:
        """Return whether it serves."""
        try:
            with urllib.request.urlopen(f"{self.address}/requests", timeout=1) as response:  # noqa: S310
                return bool(response.status == 200)  # noqa: PLR2004
        except OSError:
            return False
