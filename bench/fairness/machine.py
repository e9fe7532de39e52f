"""How busy the machine is with other work: figures of a benchmark mean little while somebody else has the cores."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Busy:
    """CPU seconds so far: of everything on the machine, and of this process with all that it has started."""

    at: float
    everything: float
    ours: float

    @classmethod
    def now(cls) -> "Busy":
        """Read both."""
        user, nice, system, _idle, _wait, interrupts, soft, *_ = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
        return cls(time.monotonic(), (user + nice + system + interrupts + soft) / _TICKS, _ours() / _TICKS)

    def cores_of_others(self, earlier: "Busy") -> float:
        """Return how many cores other work has used since an earlier reading."""
        used = (self.everything - earlier.everything) - (self.ours - earlier.ours)
        return max(0.0, used / max(self.at - earlier.at, 1e-6))


def _ours() -> int:
    """Return the ticks of this process and its descendants, ended ones included."""
    fields, children = dict[int, list[str]](), dict[int, list[int]]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue  # it has ended
        pid, rest = int(path.parent.name), text.rpartition(")")[2].split()
        fields[pid] = rest
        children.setdefault(int(rest[1]), []).append(pid)
    found, waiting = 0, [os.getpid()]
    while waiting:
        pid = waiting.pop()
        found += sum(map(int, fields[pid][11:15])) if pid in fields else 0
        waiting += children.get(pid, [])
    return found
