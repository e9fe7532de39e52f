"""Whether the database has this release's schema, and is set up for it."""

import re
from dataclasses import dataclass
from typing import Final

from faust_app.core.selfcheck.finding import Finding, error, ok, warning

_MARIADB: Final = (10, 6)
_MYSQL: Final = (8, 0)
_PACKET: Final = 16 * 1024 * 1024
_SETUP: Final = "run `shop-images setup`"


@dataclass(frozen=True, slots=True)
class FoundDatabase:
    """What the database says of itself. `revision` is that of its schema, None without one; `known` are this release's, oldest first."""

    version: str
    revision: str | None
    known: tuple[str, ...]
    largest_packet: int
    most_connections: int
    open_connections: int


def judge_database(found: FoundDatabase, connections: int) -> list[Finding]:
    """Judge schema, version and limits; `connections` is `DATABASE_CONNECTIONS`."""
    return [_schema(found), _version(found.version), *_limits(found, connections)]


def _schema(found: FoundDatabase) -> Finding:
    newest = found.known[-1]
    if found.revision is None:
        return error("schema", "the database has none", _SETUP)
    if found.revision == newest:
        return ok("schema", f"at revision {newest}")
    if found.revision in found.known:
        return error("schema", f"at revision {found.revision}, this release needs {newest}", _SETUP)
    return warning("schema", f"at revision {found.revision}, which this release does not know", "deploy the newer release everywhere")


def _version(version: str) -> Finding:
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    product, oldest = ("MariaDB", _MARIADB) if "mariadb" in version.lower() else ("MySQL", _MYSQL)
    shown = f"{product} {version.split('-', maxsplit=1)[0]}"
    if numbers < oldest:
        return error("database", shown, f"upgrade to {product} {'.'.join(map(str, oldest))} or newer")
    if product == "MySQL":
        return warning("database", f"{shown}, which this release is not tested on", "use MariaDB, or try everything on a copy first")
    return ok("database", shown)


def _limits(found: FoundDatabase, connections: int) -> list[Finding]:
    findings = []
    if found.largest_packet < _PACKET:
        remedy = "set the server's max_allowed_packet to 16M or more: a group of many rows is one statement"
        findings.append(warning("database", f"takes statements of {found.largest_packet / 1e6:.1f} MB at most", remedy))
    if found.open_connections + connections > found.most_connections:
        remedy = "raise the server's max_connections, or lower DATABASE_CONNECTIONS"
        full = f"{found.open_connections} of {found.most_connections} connections are open, a process opens up to {connections} more"
        findings.append(warning("database", full, remedy))
    return findings
