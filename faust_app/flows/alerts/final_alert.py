"""Stores, or at least sends, the alert of a worker that ends itself, over connections of its own."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import structlog

from faust_app.core.alerts.alert import Alert, FaultKind, PlatformFault
from faust_app.core.alerts.decide import Chosen, Due
from faust_app.core.alerts.message import AlertMessage, Form
from faust_app.core.alerts.notices import Notice
from faust_app.core.alerts.text import Impact, compose
from faust_app.core.failure import Unavailable
from faust_app.core.text import Place
from faust_app.flows.ports.alerts import Faults, Messenger

log = structlog.get_logger()

STORE_SECONDS: Final = 10.0
SEND_SECONDS: Final = 10.0

OpenFaults = Callable[[], AbstractAsyncContextManager[Faults]]
"""Connects to the alerts' tables. Raises Unavailable."""
OpenMessenger = Callable[[], AbstractAsyncContextManager[Messenger]]
"""Connects to the messenger."""


class FinalAlert:
    """The alert that `worker` made no progress for `age`. Without a messenger it is only stored; `now` is the time of day (UTC)."""

    def __init__(
        self, open_faults: OpenFaults, open_messenger: OpenMessenger | None, *, worker: str, place: Place, age: timedelta,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._open_faults = open_faults
        self._open_messenger = open_messenger
        self._worker = worker
        self._place = place
        self._age = age
        self._now = now

    def __call__(self, reason: str) -> None:
        """Store the alert, or send it if it cannot be stored; takes seconds at most.

        It runs an event loop of its own, in a thread: the process's loop, and every connection of it, may be what is stuck.
        """
        asyncio.run(self._store_or_send(PlatformFault(FaultKind.WORKER_STALLED, self._worker, reason)))

    async def _store_or_send(self, fault: PlatformFault) -> None:
        if not await self._is_stored(fault) and self._open_messenger is not None:
            await self._send(self._open_messenger, self._message(fault))

    async def _is_stored(self, fault: PlatformFault) -> bool:
        try:
            async with asyncio.timeout(STORE_SECONDS), self._open_faults() as faults:
                await faults.open_fault(fault, age=self._age, reported_ago=None)
        except (Unavailable, TimeoutError) as failure:
            log.warning("alert not stored", reason=str(failure) or type(failure).__name__)
            return False
        return True

    async def _send(self, open_messenger: OpenMessenger, message: AlertMessage) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS), open_messenger() as messenger:
                result = await messenger.send(f"msg_{uuid4().hex}", message)
                log.info("alert sent without the database", end=result.end)
        except TimeoutError:
            log.warning("alert not sent", reason=f"no answer within {SEND_SECONDS:.0f} s")

    def _message(self, fault: PlatformFault) -> AlertMessage:
        now = self._now()
        alert = Alert(fault.fingerprint, fault.kind.value, None, fault.kind.severity, 1, now - self._age, now, 1, fault.detail)
        impact = {fault.fingerprint: Impact(workers=(fault.worker,))}
        return compose(Chosen(Form.ALERT, (Due(alert, Notice.OPENED),)), impact, self._place, now)
