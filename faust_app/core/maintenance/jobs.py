"""A daily job's run as it is stored: its date, when it finished, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from faust_app.core.alerts.message import AlertMessage


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run of a job; `finished` is UTC, `result` is what the run stored (JSON)."""

    day: date
    finished: datetime
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run found, for the next run and for machines; and the message to people, if there is one."""

    found: Mapping[str, Any]
    message: AlertMessage | None = None
