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
    """The sample source of images in a process of its own."""

    name: ClassVar[str] = "image_source"
    title: ClassVar[str] = "Sample image source"
    grace: ClassVar[float] = 3.0

    def __init__(self, folder: Path, ports: Ports) -> None:
        super().__init__(folder, (ports.image_source,))
        self._port = ports.image_source

    @property
    def address(self) -> str:
        """The URL that picture addresses begin with."""
        return f"http://127.0.0.1:{self._port}"

    def prepare(self) -> None:
        """Need nothing: pictures are made when asked for."""

    def variables(self) -> Mapping[str, str]:
        """Let the process find this package from any working directory."""
        return {"PYTHONPATH": os.pathsep.join(filter(None, [str(CLONE), os.environ.get("PYTHONPATH")]))}

    def command(self) -> list[str]:
        """Return the server's command line."""
        return [sys.executable, "-m", "devstack.image_source", "--port", str(self._port)]

    def answers(self) -> bool:
        """Tell whether it serves."""
        try:
            with urllib.request.urlopen(f"{self.address}/requests", timeout=1) as response:  # noqa: S310
                return bool(response.status == 200)  # noqa: PLR2004
        except OSError:
            return False
