"""Runs the self-check: every part is asked at the same time, and none may take long."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from faust_app.core.failure import Misconfigured, Permanent, Unavailable
from faust_app.core.selfcheck.finding import Finding, error

log = structlog.get_logger()

SECONDS: Final = 4.0
"""Seconds that a part has to answer: the whole check ends within five."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks one part. `setting` names what to correct when it does not answer."""

    subject: str
    setting: str
    ask: Callable[[], Awaitable[Sequence[Finding]]]


async def run_selfcheck(probes: Sequence[Probe], seconds: float = SECONDS) -> list[Finding]:
    """Return the findings of all probes, the worst first; a part that does not answer is a finding too."""
    answers = await asyncio.gather(*(_answer(probe, seconds) for probe in probes))
    return sorted((finding for findings in answers for finding in findings), key=lambda finding: -finding.rank)


async def _answer(probe: Probe, seconds: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return await probe.ask()
    except Misconfigured as fault:
        return [error(probe.subject, fault.detail.rstrip("."), f"correct {fault.setting}")]
    except TimeoutError:
        found = f"no answer within {seconds:.0f} seconds"
    except (Unavailable, Permanent) as failure:
        found = failure.detail.rstrip(".")
    except Exception as failure:
        log.exception("a part of the self-check failed unexpectedly", part=probe.subject)
        return [error(probe.subject, f"could not be checked ({type(failure).__name__})", "give the log of this process to a developer")]
    verb = "are" if " and " in probe.setting else "is"
    return [error(probe.subject, found, f"is it up, and {verb} {probe.setting} right?")]
