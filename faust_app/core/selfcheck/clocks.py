"""Whether the clock of a part agrees with this machine's."""

from typing import Final

from faust_app.core.selfcheck.finding import Finding, error, ok, warning

TOLERATED: Final = 2.0
"""Seconds: a clock that is read over a network, and from storage in whole seconds, is not known better."""
REFUSED: Final = 300.0
"""Seconds: S3 refuses signatures that are 15 minutes off, and lags and ages mislead long before that."""
_REMEDY: Final = "synchronize the clocks of all machines (chrony or systemd-timesyncd)"


def judge_clock(part: str, ahead: float | None) -> Finding:
    """Judge by how many seconds the part's clock is ahead of this machine's; None where the part did not show it."""
    subject = f"clock of {part}"
    if ahead is None:
        return warning(subject, "not known", "does its topic `probe` have message.timestamp.type=LogAppendTime? Run `shop-images setup`")
    if abs(ahead) <= TOLERATED:
        return ok(subject, f"within {TOLERATED:.0f} s of this machine's")
    judge = error if abs(ahead) > REFUSED else warning
    return judge(subject, f"{abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's", _REMEDY)
