"""Which lines of a log are worth writing when a library writes the same one again and again."""

from typing import Final

REPEAT_SECONDS: Final = 60.0
_MOST_LINES: Final = 500
"""Different lines that are remembered: enough for all that the libraries say, and an end to what texts that never repeat may take."""


class RepeatedLines:
    """Lets a line through once in so many seconds, with the number of equal ones that were left out since. Times are in seconds."""

    def __init__(self, seconds: float = REPEAT_SECONDS, most: int = _MOST_LINES) -> None:
        self._seconds = seconds
        self._most = most
        self._lines: dict[str, tuple[float, int]] = {}

    def left_out(self, line: str, now: float) -> int | None:
        """Return how many equal lines were left out since the last one written, or None where this one is to be left out too.

        `now` never goes back. Where too many different lines are known, the one written longest ago is forgotten.
        """
        written, omitted = self._lines.get(line, (None, 0))
        if written is not None and now - written < self._seconds:
            self._lines[line] = written, omitted + 1
            return None
        self._lines.pop(line, None)
        self._lines[line] = now, 0
        if len(self._lines) > self._most:
            del self._lines[next(iter(self._lines))]
        return omitted
