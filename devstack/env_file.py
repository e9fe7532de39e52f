"""The file `.env`: settings that honcho, pydantic-settings and a shell read alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devstack.errors import DevstackError
from devstack.secrets import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEADER = """\
# Written by `make run`: how to reach the development stack of this clone. Contains secrets; never committed.
# In a shell: set -a; . ./.env
"""


def write_env_file(file: Path, values: Mapping[str, str]) -> None:
    """Write the settings, readable by their owner only.

    Raises DevstackError for a value with a quote, a backslash or a line end: the three readers differ there.
    """
    lines = [f"{name}={_quoted(name, value)}\n" for name, value in values.items()]
    write_private(file, HEADER + "".join(lines))


def _quoted(name: str, value: str) -> str:
    if any(character in value for character in "'\\\n\r"):
        raise DevstackError(f"the setting {name} contains a quote, a backslash or a line end, which .env cannot hold")
    return f"'{value}'"
