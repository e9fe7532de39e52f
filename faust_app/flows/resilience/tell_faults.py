"""From the parts of a worker that notice faults of the platform to the alerts that tell people of them."""

from collections.abc import Callable
from typing import Final

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Dependency, Failure
from faust_app.core.sources.health import BLOCKING
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.resilience.breakers import Breaker, Breakers
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.flows.resilience.sources import Sources

_KINDS: Final = {
    Dependency.STORAGE: FaultKind.DEPENDENCY_STORAGE,
    Dependency.DATABASE: FaultKind.DEPENDENCY_DATABASE,
    Dependency.KAFKA: FaultKind.DEPENDENCY_KAFKA,
    Dependency.EGRESS: FaultKind.EGRESS,
}


class TellFaults:
    """Hears of breakers and deferred sources; `held` counts the images that wait here, `go_on` starts what may."""

    def __init__(self, alerts: Alerts, held: Callable[[], int], go_on: Callable[[], None]) -> None:
        self._alerts = alerts
        self._held = held
        self._go_on = go_on
        self._deferred: dict[tuple[str, int | None], FaultKind] = {}

    def listen(self, breakers: Breakers, internal_errors: InternalErrorBreaker, sources: Sources) -> None:
        """Hear of every change from now on."""
        breakers.on_change = self._breaker_changed
        internal_errors.on_change = lambda: self._internal_errors_changed(internal_errors.stop_reason)
        internal_errors.on_deferred = self._shop_deferred
        internal_errors.on_answered = lambda: self._alerts.close(FaultKind.SHOP_INTERNAL_ERRORS)
        sources.on_deferred = self._source_deferred
        sources.on_answered = self._source_answered

    def _breaker_changed(self, breaker: Breaker) -> None:
        kind = _KINDS[breaker.dependency]
        if breaker.reason is not None:
            self._alerts.open(kind, detail=breaker.reason, waiting=self._held())
        else:
            self._alerts.close(kind)
            self._go_on()

    def _internal_errors_changed(self, stop_reason: str | None) -> None:
        if stop_reason is not None:
            self._alerts.open(FaultKind.INTERNAL_ERROR_BREAKER, detail=stop_reason, waiting=self._held())
        else:
            self._alerts.close(FaultKind.INTERNAL_ERROR_BREAKER)
            self._go_on()

    def _shop_deferred(self, shop_no: int) -> None:
        self._alerts.open(FaultKind.SHOP_INTERNAL_ERRORS, detail=f"Images of shop {shop_no} meet an error of our own code.")

    def _source_deferred(self, host: str, failure: Failure, shop_no: int | None) -> None:
        """Report a source that images wait for: a shop's own, or the platform's where every shop's do, which includes the shops'."""
        if shop_no is not None:
            self._open(FaultKind.SHOP_HOST_DOWN, host, shop_no, f"Shop {shop_no}: {failure.detail}")
            return
        for of_host, of_shop in [key for key in self._deferred if key[0] == host]:
            self._source_answered(of_host, of_shop)
        self._open(FaultKind.HOST_BLOCKS if failure.code in BLOCKING else FaultKind.HOST_DOWN, host, None, failure.detail)

    def _open(self, kind: FaultKind, host: str, shop_no: int | None, detail: str) -> None:
        self._deferred[host, shop_no] = kind
        self._alerts.open(kind, detail=detail, host=host, shop_no=shop_no)

    def _source_answered(self, host: str, shop_no: int | None) -> None:
        kind = self._deferred.pop((host, shop_no), None)
        if kind is not None:
            self._alerts.close(kind, host=host, shop_no=shop_no)
