"""Whom an alert reaches, and when: the one table of which fault wakes somebody, which is told, and after how long.

*Wake*: a person must act, or a fault outlives a quarter of an hour. *Tell*: it can be read in the morning. A fault that heals within
two minutes is told once, after it went.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.alerts.alert import REPEATED_WITHIN, Alert, FaultKind, fault_kind

HEALS_WITHIN: Final = timedelta(minutes=2)
"""A fault that may heal by itself is told when it has lasted for this long: restarts and failovers are shorter."""
OUTLIVES: Final = timedelta(minutes=15)
"""A fault that should heal by itself and has not for this long needs a person."""
STALLS_AGAIN: Final = 3
"""From this many processes on that stalled within one episode, restarting them does not help."""


class Urgency(StrEnum):
    """What a message does to a person; the value is part of the contract with receivers."""

    WAKE = "wake"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault is told once it lasted for `told_after`; it wakes once it lasted for `wakes_after`, or `wakes_from` processes had it.

    None is never.
    """

    told_after: timedelta
    wakes_after: timedelta | None
    wakes_from: int | None = None


AT_ONCE: Final = timedelta(0)
_MUST_ACT: Final = Rule(AT_ONCE, AT_ONCE)
_MAY_HEAL: Final = Rule(HEALS_WITHIN, OUTLIVES)
_CAN_WAIT: Final = Rule(HEALS_WITHIN, None)
_TOLD: Final = Rule(AT_ONCE, None)

RULES: Final = {
    FaultKind.DEPENDENCY_STORAGE: _MAY_HEAL,
    FaultKind.DEPENDENCY_DATABASE: _MUST_ACT,  # nothing is accepted over HTTP meanwhile
    FaultKind.DEPENDENCY_KAFKA: _MAY_HEAL,
    FaultKind.EGRESS: _MAY_HEAL,
    FaultKind.INTERNAL_ERROR_BREAKER: _MUST_ACT,
    FaultKind.WORKER_STALLED: Rule(AT_ONCE, None, wakes_from=STALLS_AGAIN),  # the process is gone: it cannot last
    FaultKind.SHOP_INTERNAL_ERRORS: _CAN_WAIT,
    FaultKind.HOST_DOWN: _CAN_WAIT,
    FaultKind.HOST_BLOCKS: _CAN_WAIT,
    FaultKind.SHOP_HOST_DOWN: _CAN_WAIT,
    FaultKind.LOST: _MAY_HEAL,
    FaultKind.LATE_JOBS: _MAY_HEAL,
    FaultKind.DATABASE_WENT_BACK: _MUST_ACT,
    FaultKind.TOO_MUCH_GARBAGE: _MUST_ACT,
    FaultKind.SUSPECTED_OURS: _MUST_ACT,
    FaultKind.STATISTICS_LATE: _CAN_WAIT,  # reports count the days from the history meanwhile
    FaultKind.STATISTICS_CHANGED: _TOLD,
}


def rule_of(alert: Alert) -> Rule:
    """Return the rule of an alert: causes of failed images are told, and a fault that only a newer release knows may heal."""
    if not alert.is_fault:
        return _TOLD
    kind = fault_kind(alert)
    return _MAY_HEAL if kind is None else RULES[kind]


def lasted(alert: Alert, now: datetime) -> timedelta:
    """Return for how long the fault was there. One whose processes fell silent lasted no longer than they repeat their reports."""
    end = alert.ended_at if alert.ended_at is not None else min(now, alert.last_at + REPEATED_WITHIN)
    return max(end - alert.opened_at, timedelta(0))


def urgency_of(alert: Alert, now: datetime) -> Urgency:
    """Return whether the alert wakes somebody at `now`."""
    rule = rule_of(alert)
    by_time = rule.wakes_after is not None and lasted(alert, now) >= rule.wakes_after
    by_count = rule.wakes_from is not None and alert.occurrences >= rule.wakes_from
    return Urgency.WAKE if by_time or by_count else Urgency.TELL


def woke(kind: FaultKind, age: timedelta) -> bool:
    """Return whether a fault that was told at this age woke somebody."""
    wakes_after = RULES[kind].wakes_after
    return wakes_after is not None and age >= wakes_after
