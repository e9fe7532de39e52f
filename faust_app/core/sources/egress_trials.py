"""Which events are tried while our network counts as down: an answer to any of them ends the outage."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TRIALS: Final = 4
"""Events of hosts that have not fallen silent which are tried at the same time."""
SILENT_TRIALS: Final = 1
"""Events of hosts that have: those are the likely dead ones, and must not take the place of the others."""

_FIRST_PAUSE: Final = 5.0
_LAST_PAUSE: Final = 60.0


@dataclass(slots=True)
class _Trial:
    """When a host was last tried in this outage, how often, and whether its event still runs."""

    at: float
    times: int = 1
    running: bool = True


class Trials:
    """The trials of one outage. A host is tried one event at a time, with pauses of 5 seconds that double to 60."""

    def __init__(self) -> None:
        self._trials: dict[str, _Trial] = {}

    def admits(self, host: str, now: float, is_suspect: Callable[[str], bool]) -> bool:
        """Return whether an event of the host may be tried; suspects are the hosts that fell silent."""
        trial = self._trials.get(host)
        if trial is not None and (trial.running or now < trial.at + _pause_after(trial.times)):
            return False
        suspect = is_suspect(host)
        running = sum(each.running and is_suspect(other) is suspect for other, each in self._trials.items())
        return running < (SILENT_TRIALS if suspect else TRIALS)

    def started(self, host: str, now: float) -> None:
        """Begin a trial of the host."""
        before = self._trials.get(host)
        self._trials[host] = _Trial(now, 1 if before is None else before.times + 1)

    def ended(self, host: str) -> None:
        """End the trial of the host, whatever its outcome."""
        trial = self._trials.get(host)
        if trial is not None:
            trial.running = False

    def clear(self) -> None:
        """Forget the trials: an outage begins or ends."""
        self._trials.clear()


def _pause_after(times: int) -> float:
    return float(min(_FIRST_PAUSE * 2.0 ** min(times - 1, 10), _LAST_PAUSE))
