"""Whether a worker may start events, and why not."""

from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker


class Gate:
    """Combines the breakers of the dependencies with the one of internal errors."""

    def __init__(self, breakers: Breakers, internal_errors: InternalErrorBreaker) -> None:
        self._breakers = breakers
        self._internal_errors = internal_errors

    def may_start(self) -> bool:
        """Return whether events may start; without our own network only those that `core.sources.egress` admits."""
        return self._breakers.may_start and self._internal_errors.may_start

    def is_open(self) -> bool:
        """Return whether every event may start."""
        return self._breakers.all_closed and self._internal_errors.may_start

    def reasons(self) -> list[str]:
        """Return why events may not start; nothing while they may."""
        stop = self._internal_errors.stop_reason
        stopped = [f"stopped after internal errors: {stop} `shop-images resume` lifts it."] if stop else []
        return [*stopped, *self._breakers.reasons]
