"""When tokens and certificates end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.selfcheck.finding import Finding, error, ok, warning

SOON: Final = timedelta(days=21)


def judge_ends(ends: Mapping[str, datetime], now: datetime) -> list[Finding]:
    """Judge each credential by its end; both are UTC without a zone."""
    findings = [_judge(name, end, now) for name, end in sorted(ends.items()) if end - now < SOON]
    if findings or not ends:
        return findings
    name, first = min(ends.items(), key=lambda item: item[1])
    return [ok("credentials", f"{len(ends)} with an end, the first is {name} on {first:%Y-%m-%d}")]


def judge_first_ends(ends: Mapping[str, datetime], now: datetime) -> list[Finding]:
    """Judge the first end among several authorities of each setting; both are UTC without a zone."""
    return [
        warning(name, f"has an authority that {'ended' if end <= now else 'ends'} on {end:%Y-%m-%d}", "remove it once no server needs it")
        for name, end in sorted(ends.items())
        if end - now < SOON
    ]


def _judge(name: str, end: datetime, now: datetime) -> Finding:
    if end <= now:
        return error(name, f"ended on {end:%Y-%m-%d %H:%M} UTC", "replace it; docs/operating.md, Rotate secrets, says how")
    remedy = "replace it before then; two are valid at once (docs/operating.md, Rotate secrets)"
    return warning(name, f"ends on {end:%Y-%m-%d %H:%M} UTC", remedy)
