"""What an operator changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the name of a user or of a token, and the address of the request, None at the command line."""

    name: str
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change: `action` in the words of its route, `target` what it was done to, `detail` its filter, counts and outcome."""

    at: datetime
    actor: Actor
    action: str
    target: str
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change as the audit keeps it."""

    number: int
    at: datetime
    actor: Actor
    action: str
    target: str
    detail: Mapping[str, object]
