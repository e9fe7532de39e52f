"""A run of a daily job, as it is kept: the date it was for, when it was, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from faust_app.core.alert_message import AlertMessage


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """The newest run of a job that was finished; times are UTC, `result` is what it left behind (JSON)."""

    day: date
    finished: datetime
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run found, for the next one and for machines; and the message about it, if people are to hear of it."""

    found: Mapping[str, Any]
    message: AlertMessage | None = None
