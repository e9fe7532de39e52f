"""The secrets of one stack: random, created once, kept over restarts, never shown."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def _random() -> str:
    return secrets.token_hex(20)


@dataclass(frozen=True)
class Secrets:
    """Passwords and tokens, in hexadecimal digits only, so that no file format has to quote them."""

    database_password: str = field(default_factory=_random)
    s3_access_key_id: str = field(default_factory=lambda: secrets.token_hex(8))
    s3_secret_access_key: str = field(default_factory=_random)
    intake_token: str = field(default_factory=_random)
    operate_token: str = field(default_factory=_random)
    statistics_password: str = field(default_factory=_random)
    report_link_secret: str = field(default_factory=_random)
    kafka_password: str = field(default_factory=_random)

    @classmethod
    def of(cls, folder: Path) -> Secrets:
        """Return the secrets stored in `folder`, creating those that are missing; only the file's owner can read it."""
        file = folder / "secrets.json"
        kept = json.loads(file.read_text()) if file.exists() else {}
        made = cls(**kept)
        if asdict(made) == kept:
            return made
        folder.mkdir(parents=True, exist_ok=True)
        write_private(file, json.dumps(asdict(made), indent=2) + "\n")
        return made

    def tokens_file(self) -> str:
        """Return the TOML text that the product reads tokens and scopes from."""
        return (
            f'[storefront]\ntoken = "{self.intake_token}"\nscopes = ["intake", "view"]\n\n'
            f'[operator]\ntoken = "{self.operate_token}"\nscopes = ["intake", "view", "operate"]\n'
        )


def write_private(file: Path, text: str) -> None:
    """Write a file atomically, readable by its owner only."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(file)
