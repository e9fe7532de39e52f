"""Calls of the product's own commands, as a user types them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import urllib.error
import urllib.request
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

from devstack.errors import DevstackError
from devstack.guard import CLIENTS
from devstack.process import ProcessId
from devstack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COMMAND = "shop-images"
ADMIN = "admin"
GRACE = 5.0
READY_LIMIT = 60.0


@dataclass(frozen=True)
class Imported:
    """What `shop-images import --json` reports of one file or, added up, of several."""

    accepted: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: int = 0
    stored: int = 0
    failed: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Read the command's JSON; missing keys count as zero."""
        answer = json.loads(text)
        return cls(**{field.name: answer.get(field.name) or 0 for field in fields(cls)})

    def __add__(self, other: Imported) -> Imported:
        return Imported(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


class Product:
    """The product as installed beside this Python, run in `cwd` with the settings in `values`."""

    def __init__(self, *, cwd: Path, folder: Path, values: Mapping[str, str]) -> None:
        self.cwd = cwd
        scripts = sysconfig.get_path("scripts")
        path = os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)])
        self.environment = {**os.environ, **values, "PATH": path, "PYTHONUNBUFFERED": "1"}
        self._note = folder / CLIENTS / COMMAND

    def setup(self) -> None:
        """Create schema, topics and bucket; raises DevstackError when the command fails."""
        self._run("setup")

    def import_catalogue(self, file: Path, shop: int) -> Imported:
        """Import one shop's file and wait until each image is finished; the command shows its own progress."""
        arguments = (str(file), "--shop", str(shop), "--format", "woocommerce", "--wait", "--json")
        output = self._run("import", *arguments, capture=True)
        try:
            return Imported.parsed(output)
        except ValueError as error:
            raise DevstackError(f"`{COMMAND} import --json` printed {output[:80]!r} instead of a JSON object") from error

    def admin_address(self) -> str:
        """Return an address that logs the user `admin` in once, within ten minutes; the user is added when missing."""
        users = json.loads(self._run("user", "list", "--json", capture=True))["users"]
        if not any(user["name"] == ADMIN for user in users):
            self._run("user", "add", ADMIN, "--role", "admin", "--without-password", capture=True)
        return self._run("user", "one-time", ADMIN, capture=True).strip()

    def _run(self, *arguments: str, capture: bool = False) -> str:
        program = shutil.which(COMMAND, path=self.environment["PATH"])
        if program is None:
            raise DevstackError(f"the command {COMMAND} is not installed beside {sysconfig.get_path('scripts')}: run make")
        process = subprocess.Popen(
            [program, *arguments],
            cwd=self.cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else None,
            text=True,
            start_new_session=True,
        )
        identity = ProcessId.of(process.pid)
        identity.write(self._note)
        try:
            output, _ = process.communicate()
        finally:
            identity.end(GRACE)
            self._note.unlink(missing_ok=True)
        if process.returncode:
            raise DevstackError(f"`{COMMAND} {' '.join(arguments)}` failed with status {process.returncode}")
        return output or ""


def await_ready(name: str, url: str, log: Path, limit: float = READY_LIMIT) -> None:
    """Wait until `url`/ready answers 200; raises DevstackError with the last answer when it does not in time."""
    said = ["no answer"]

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/ready", timeout=2) as response:  # noqa: S310
                return bool(response.status == 200)  # noqa: PLR2004
        except urllib.error.HTTPError as error:
            with error:
                said[0] = " ".join(error.read(300).decode(errors="replace").split())
        except OSError:
            said[0] = "no answer"
        return False

    if not wait_until(ready, limit, pause=0.1):
        raise DevstackError(f"{name} is not ready after {limit:.0f} s ({said[0]}); see {log}")
