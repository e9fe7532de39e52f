"""When to stop and blame nobody: small rules over what happened in the last seconds, and when to look again."""

from typing import Final

from faust_app.core.window import Tally

CALL_SECONDS: Final = 10
"""The window of calls to a dependency and of fetches."""
BUG_SECONDS: Final = 60
"""The window of outcomes that tells a bad release."""

_FIRST_PROBE: Final = 5.0
_LAST_PROBE: Final = 60.0


def dependency_is_away(tally: Tally) -> bool:
    """Tell whether at least half of 20 or more calls failed."""
    return tally.calls >= 20 and tally.bad * 2 >= tally.calls  # noqa: PLR2004 - the rule's own numbers


def release_is_broken(tally: Tally) -> bool:
    """Tell whether at least a fifth of 50 or more outcomes were errors of our own code, over five shops or more."""
    return tally.calls >= 50 and tally.bad * 5 >= tally.calls and len(tally.shops) >= 5  # noqa: PLR2004 - as above


def probe_delay(failed_probes: int) -> float:
    """Return the seconds until the next probe: 5, doubling to 60."""
    return min(_FIRST_PROBE * 2.0 ** min(failed_probes, 10), _LAST_PROBE)
