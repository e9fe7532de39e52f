"""The sender of alerts over fakes, on a clock of the test's own."""

from collections.abc import Callable
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from faust_app.core.alerts.alert import FaultKind, Occurrence, PlatformFault
from faust_app.core.alerts.message import Form
from faust_app.core.alerts.urgency import HEALS_WITHIN
from faust_app.core.failure_codes import FailureCode
from faust_app.core.text import Place
from faust_app.flows.alerts.send_alerts import Delivery, SendAlerts
from faust_app.metrics import Metrics
from tests.fakes.alerts import FakeAlertStore, FakeMessenger, FakeRecoveries
from tests.fakes.clock import FakeClock

PASS = timedelta(seconds=5)
MINUTE = timedelta(minutes=1)
ZONE = ZoneInfo("Europe/Berlin")
STORAGE = PlatformFault(FaultKind.DEPENDENCY_STORAGE, "host:1", waiting=5)


class Harness:
    def __init__(self, store: FakeAlertStore | None = None, *, holder: str = "host:1", messenger: FakeMessenger | None = None) -> None:
        self.store = store or FakeAlertStore()
        self.messenger = messenger or FakeMessenger()
        self.metrics = Metrics()
        self.recoveries = FakeRecoveries(self.store)
        self.sender = self.make(holder, self.messenger)

    def make(self, holder: str, messenger: FakeMessenger | None) -> SendAlerts:
        delivery = Delivery(Place(ZONE), time(9), holder)
        return SendAlerts(
            alerts=self.store,
            outbox=self.store,
            recoveries=self.recoveries,
            clock=FakeClock(lambda: self.store.now),
            leases=self.store,
            messenger=messenger,
            metrics=self.metrics,
            delivery=delivery,
        )

    async def fail(self, count: int = 1, *, shop_no: int = 7, code: FailureCode = FailureCode.SOURCE_ERROR, host: str = "h") -> None:
        await self.store.count([Occurrence(f"{code}@{host}", code, host, shop_no, b"a", "status 500")] * count)

    async def open(self, kind: FaultKind = FaultKind.DEPENDENCY_STORAGE, *, host: str | None = None, age: timedelta = HEALS_WITHIN) -> None:
        """Report a fault, by default one that has lasted long enough to be told."""
        await self.store.open_fault(PlatformFault(kind, "host:1", host=host), age=age, reported_ago=None)

    async def last(self, span: timedelta, kind: FaultKind = FaultKind.DEPENDENCY_STORAGE) -> None:
        """Have a fault for so long, reported every minute as a process does, and end it."""
        end = self.store.now + span
        while self.store.now < end:
            await self.open(kind, age=timedelta(0))
            await self.go_on(min(MINUTE, end - self.store.now))
        await self.store.close_fault(PlatformFault(kind, "host:1"))

    async def go_on(self, span: timedelta, step: timedelta = PASS, each: Callable[[], object] = lambda: None) -> None:
        end = self.store.now + span
        while self.store.now < end:
            await self.sender.run_pass()
            each()
            self.store.now += step

    def forms(self) -> list[Form]:
        return [message.form for message in self.messenger.taken]

    def titles(self) -> list[str]:
        return [message.title for message in self.messenger.taken]

    def attempts(self, end: str) -> float:
        return self.metrics.registry.get_sample_value("shop_images_alert_messages_total", {"end": end}) or 0
