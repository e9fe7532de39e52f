"""The random numbers of the JavaScript library seedrandom, by which the published scenarios were drawn: ARC4, 52 bits a number."""

from typing import Final

_STATE: Final = 256
_CHUNKS: Final = 6
_SIGNIFICANT: Final = 2.0**52
_OVERFLOW: Final = 2.0**53


class SeedRandom:
    """Numbers in [0, 1) that depend on the seed alone; a seed has at most 256 characters of Latin-1."""

    def __init__(self, seed: str) -> None:
        key = seed.encode("latin-1")
        self._state, self._i, self._j = list(range(_STATE)), 0, 0
        at = 0
        for number in range(_STATE):
            held = self._state[number]
            at = (at + key[number % len(key)] + held) % _STATE
            self._state[number], self._state[at] = self._state[at], held
        self._take(_STATE)

    def __call__(self) -> float:
        """Return the next number."""
        value, divisor, rest = float(self._take(_CHUNKS)), float(_STATE**_CHUNKS), 0
        while value < _SIGNIFICANT:
            value, divisor, rest = (value + rest) * _STATE, divisor * _STATE, self._take(1)
        while value >= _OVERFLOW:
            value, divisor, rest = value / 2, divisor / 2, rest >> 1
        return (value + rest) / divisor

    def _take(self, count: int) -> int:
        """Return the next bytes as one number."""
        found, state = 0, self._state
        for _ in range(count):
            self._i = (self._i + 1) % _STATE
            held = state[self._i]
            self._j = (self._j + held) % _STATE
            state[self._i], state[self._j] = state[self._j], held
            found = found * _STATE + state[(state[self._i] + held) % _STATE]
        return found
