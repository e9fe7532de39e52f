"""Reports hosts that images are deferred for."""

from collections import OrderedDict
from typing import Final

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Failure, FailureCode
from faust_app.core.sources.health import BLOCKING, SourceRecord
from faust_app.flows.ports.alerts import Alerts

log = structlog.get_logger()

_REMEMBERED: Final = 10_000
"""Hosts whose last failure is kept: a catalogue may name more that never answer."""


class HostFaults:
    """Opens and closes the alerts of hosts: one for the host, or one for each shop whose images alone are deferred.

    An alert quotes the host's last failure on this worker.
    """

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._kinds: dict[tuple[str, int | None], FaultKind] = {}
        self._failures: OrderedDict[str, tuple[FailureCode, str]] = OrderedDict()

    def failed(self, host: str, failure: Failure) -> None:
        """Remember the last failure of the host; after a redirect it names the host that failed."""
        self._failures[host] = (failure.code, failure.detail)
        self._failures.move_to_end(host)
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def answered(self, host: str) -> None:
        """Forget the failures before an answer."""
        self._failures.pop(host, None)

    def deferred(self, record: SourceRecord) -> None:
        """Report that images are deferred for the host, of one shop or of all; the latter includes the alerts of its shops."""
        host, shop_no, code = record.host, _shop_of(record), record.code or FailureCode.SOURCE_ERROR
        log.warning("source deferred", host=host, shop_no=shop_no, code=code.value)
        last, detail = self._failures.pop(host, (code, code.sentence))
        if shop_no is not None:
            self._open(FaultKind.SHOP_HOST_DOWN, host, shop_no, f"Shop {shop_no}: {detail}")
            return
        for of_host, of_shop in [key for key in self._kinds if key[0] == host]:
            self._close(of_host, of_shop)
        self._open(FaultKind.HOST_BLOCKS if last in BLOCKING else FaultKind.HOST_DOWN, host, None, detail)

    def ended(self, record: SourceRecord, *, shops: int) -> None:
        """Report that images of so many shops are no longer deferred for the record's host."""
        log.info("source answers again", host=record.host, shops=shops)
        self._close(record.host, _shop_of(record))

    def _open(self, kind: FaultKind, host: str, shop_no: int | None, detail: str) -> None:
        self._kinds[host, shop_no] = kind
        self._alerts.open(kind, detail=detail, host=host, shop_no=shop_no)

    def _close(self, host: str, shop_no: int | None) -> None:
        kind = self._kinds.pop((host, shop_no), None)
        if kind is not None:
            self._alerts.close(kind, host=host, shop_no=shop_no)


def _shop_of(record: SourceRecord) -> int | None:
    return None if record.is_of_all_shops else record.shop_no
