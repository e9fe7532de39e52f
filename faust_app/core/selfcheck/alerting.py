"""Whether people would learn of a fault."""

from dataclasses import dataclass
from typing import Final

from faust_app.core.selfcheck.finding import Finding, error, ok, warning

LATE: Final = 300.0
"""Seconds: a message is sent within some seconds of its fault; one that waits for minutes is not delivered."""


@dataclass(frozen=True, slots=True)
class FoundAlerts:
    """How the delivery stands: whether there is a messenger, and the oldest message that waits for it, with its last failure."""

    has_messenger: bool
    waiting: int
    oldest_seconds: float
    last_error: str | None = None


def judge_alerts(found: FoundAlerts) -> list[Finding]:
    """Judge the delivery of alerts."""
    if not found.has_messenger:
        return [warning("alerts", "nobody is told of faults", "set ALERT_WEBHOOK_URL, and try it with `shop-images check --alerts`")]
    if found.waiting and found.oldest_seconds > LATE:
        reason = f": {found.last_error}" if found.last_error else ""
        late = f"{found.waiting} messages wait, the oldest for {found.oldest_seconds / 60:,.0f} minutes{reason}"
        return [error("alerts", late, "check ALERT_WEBHOOK_URL with `shop-images check --alerts`, and that worker or web runs")]
    return [ok("alerts", "delivered" if not found.waiting else f"{found.waiting} on their way")]
