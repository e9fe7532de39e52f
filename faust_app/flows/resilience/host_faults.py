"""Reports hosts that images are deferred for."""

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Failure, FailureCode, Transient
from faust_app.core.sources.health import BLOCKING, SourceRecord
from faust_app.flows.ports.alerts import Alerts

log = structlog.get_logger()


class HostFaults:
    """Opens and closes the alert of a host; each has one at a time. The alert quotes the host's last failure on this worker."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._kinds: dict[str, FaultKind] = {}
        self._failures: dict[str, Failure] = {}

    def failed(self, host: str, failure: Failure) -> None:
        """Remember the last failure of the host; after a redirect it names the host that failed."""
        self._failures[host] = failure

    def answered(self, host: str) -> None:
        """Forget the failures before an answer."""
        self._failures.pop(host, None)

    def deferred(self, record: SourceRecord) -> None:
        """Report that images are deferred for the host, of one shop or of all."""
        host, code = record.host, record.code or FailureCode.SOURCE_ERROR
        log.warning("source deferred", host=host, shop_no=record.shop_no or None, code=code.value)
        failure = self._failures.pop(host, None) or Transient(code, code.sentence)
        kind = _kind(failure.code, of_all_shops=record.is_of_all_shops)
        before = self._kinds.get(host)
        if before is not None and before is not kind:
            self._alerts.close(before, host=host)
        self._kinds[host] = kind
        self._alerts.open(kind, detail=failure.detail, host=host)

    def ended(self, host: str, *, shops: int) -> None:
        """Report that images of so many shops are no longer deferred for the host."""
        log.info("source answers again", host=host, shops=shops)
        kind = self._kinds.pop(host, None)
        if kind is not None:
            self._alerts.close(kind, host=host)


def _kind(code: FailureCode, *, of_all_shops: bool) -> FaultKind:
    if not of_all_shops:
        return FaultKind.SHOP_HOST_DOWN
    return FaultKind.HOST_BLOCKS if code in BLOCKING else FaultKind.HOST_DOWN
