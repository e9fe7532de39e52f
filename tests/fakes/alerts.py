"""Alerts, their messages and the lease in memory, on a clock of the test's own; and who reports and who is reported."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from faust_app.core.alerts.alert import (
    HOUR,
    REPEATED_WITHIN,
    SLOT,
    Alert,
    FaultKind,
    Occurrence,
    PlatformFault,
    slot_of,
)  # fmt: skip
from faust_app.core.alerts.decide import SENDER, AlertsSnapshot, Candidate, LastDigest, Step
from faust_app.core.alerts.digest import CodeCount, DigestCounts, Span
from faust_app.core.alerts.message import AlertMessage, Delivered, Undelivered, WaitingMessage, new_webhook_id
from faust_app.core.alerts.notices import SHOP_SHARE_FLOOR, SHOP_SIZE_MATTERS, ShopHour
from faust_app.core.alerts.recovery import Aftermath, Recovery
from faust_app.core.alerts.text import Impact
from faust_app.core.alerts.urgency import Urgency, woke
from faust_app.core.causes.suspicion import Blame
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.failure_codes import Severity
from faust_app.core.maintenance.retention import REPORTS
from faust_app.core.operators.audit import AuditEntry
from tests.factories import NOW


@dataclass
class Kept:
    number: int
    webhook_id: str
    message: AlertMessage
    created_at: datetime
    next_at: datetime
    attempts: int = 0
    sent_at: datetime | None = None
    reason: str | None = None


class FakeAlertStore:
    """Implements `Faults`, `AlertRepository`, `AlertOutbox` and `Leases`; `away` makes every call Unavailable."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.rows: dict[str, Alert] = {}
        self.slots: Counter[tuple[str, int, datetime]] = Counter()
        self.workers: dict[tuple[str, str], tuple[datetime, int]] = {}
        self.messages: list[Kept] = []
        self.digests: list[LastDigest] = []
        self.holders: dict[str, tuple[str, datetime]] = {}
        self.refuses = False
        self.shop_sizes: Counter[int] = Counter()
        self.blame = Blame()
        self.recoveries: dict[tuple[str, int], Recovery] = {}
        self.audit: list[AuditEntry] = []
        self.unavailable = False

    async def count(self, occurrences: Sequence[Occurrence]) -> None:
        """Do what the repository of the images does with the occurrences of a settle."""
        self._answer()
        for each in occurrences:
            alert = Alert(each.fingerprint, each.code.value, each.host, each.code.severity, 1, self.now, self.now, 1, each.detail)
            self._count(replace(alert, sample_shop=each.shop_no, sample_image=each.image_id))
            if each.shop_no is not None:
                self.slots[each.fingerprint, each.shop_no, slot_of(self.now)] += 1

    async def mark(self, blame: Blame) -> None:
        """Say for which failures no shop is blamed."""
        self.blame = blame

    def _count(self, new: Alert) -> None:
        old = self.rows.get(new.fingerprint)
        if old is None:
            self.rows[new.fingerprint] = new
        elif old.closed_at is not None:
            self.rows[new.fingerprint] = replace(new, episode=old.episode + 1)
        else:
            self.rows[new.fingerprint] = replace(
                old,
                occurrences=old.occurrences + new.occurrences,
                last_at=max(old.last_at, new.last_at),
                detail=new.detail,
                sample_shop=new.sample_shop,
                sample_image=new.sample_image,
                ended_at=None,
                reported_at=new.reported_at or old.reported_at,
                reported_count=max(old.reported_count, new.reported_count),
                woken_at=old.woken_at or new.woken_at,
            )

    # Faults

    async def open_fault(self, fault: PlatformFault, *, age: timedelta, reported_ago: timedelta | None) -> None:
        self._answer()
        known = (fault.fingerprint, fault.worker) in self.workers
        kind, count = fault.kind, 0 if known else 1
        alert = Alert(fault.fingerprint, kind.value, fault.host, kind.severity, 1, self.now - age, self.now, count, fault.detail)
        alert = replace(alert, sample_shop=fault.shop_no)
        if reported_ago is not None:
            at = self.now - reported_ago
            alert = replace(alert, reported_at=at, reported_count=1, woken_at=at if woke(kind, age - reported_ago) else None)
        self._count(alert)
        row = self.rows[fault.fingerprint]
        if fault.shop_no is not None and not self._shops(row, row.opened_at):
            self.slots[fault.fingerprint, fault.shop_no, slot_of(self.now)] += 1
        self.workers[fault.fingerprint, fault.worker] = (self.now, fault.waiting)

    async def close_fault(self, fault: PlatformFault) -> None:
        self._answer()
        gone = self.workers.pop((fault.fingerprint, fault.worker), None)
        left = [name for (name, _), (at, _) in self.workers.items() if name == fault.fingerprint and at > self.now - REPEATED_WITHIN]
        alert = self.rows.get(fault.fingerprint)
        if gone and not left and alert is not None and alert.closed_at is None:
            self.rows[fault.fingerprint] = replace(alert, ended_at=self.now)

    async def present(self) -> list[FaultKind]:
        self._answer()
        have = {fingerprint for (fingerprint, _), (last_at, _) in self.workers.items() if self.now - last_at < REPEATED_WITHIN}
        return [kind for kind in FaultKind if any(self.rows[p].code == kind.value and not self.rows[p].closed_at for p in have)]

    async def ping(self) -> None:
        self._answer()

    # AlertRepository

    async def snapshot(self, now: datetime) -> AlertsSnapshot:
        self._answer()
        alerts = await self.open_alerts(10_000)
        counts = Counter(alert.severity for alert in alerts)
        return AlertsSnapshot(
            now=now,
            candidates=tuple(
                Candidate(alert, self._hours(alert), not alert.is_fault and self.blame.is_ours_now(alert.fingerprint)) for alert in alerts
            ),
            sent_in_hour=sum(kept.created_at > now - HOUR for kept in self.messages),
            undelivered=any(kept.sent_at is None for kept in self.messages),
            messenger_was_unavailable=bool(self.messages) and self.messages[-1].attempts > 1,
            last_digest=max(self.digests, key=lambda digest: digest.day, default=None),
            open_by_severity=tuple((severity.value, counts[severity]) for severity in Severity),
        )

    async def open_alerts(self, limit: int) -> list[Alert]:
        self._answer()
        alerts = [alert for alert in self.rows.values() if alert.closed_at is None]
        return sorted(alerts, key=lambda alert: (alert.severity.value, -alert.occurrences))[:limit]

    async def impact(self, alerts: Sequence[Alert], now: datetime) -> dict[str, Impact]:
        self._answer()
        return {alert.fingerprint: self._impact(alert, now) for alert in alerts}

    async def digest_counts(self, span: Span) -> DigestCounts:
        self._answer()
        found = Counter[tuple[str, int]]()
        left_out = 0
        for (fingerprint, shop_no, slot), count in self.slots.items():
            if not span.since <= slot < span.until or self.rows[fingerprint].severity is not Severity.SHOP:
                continue
            if self._is_ours(fingerprint, slot):
                left_out += count
            else:
                found[fingerprint, shop_no] += count
        codes = {self.rows[fingerprint].code for fingerprint, _ in found}
        counts = sorted((self._code(code, found) for code in codes), key=lambda count: (-count.images, count.code))
        shops = Counter[int]()
        for (fingerprint, shop_no), count in found.items():
            shops[shop_no] += 0 if self.rows[fingerprint].is_fault else count
        shops = +shops
        return DigestCounts(tuple(counts[:10]), len(shops), tuple(_most(shops.items())), left_out)

    async def record(self, step: Step, holder: str) -> bool:
        self._answer()
        held_by, until = self.holders.get(SENDER, ("", self.now))
        if held_by != holder or until <= self.now or (step.message and any(kept.sent_at is None for kept in self.messages)):
            return False
        reported = [(due.alert, self.rows[due.alert.fingerprint]) for due in step.reported]
        waking = {due.alert.fingerprint for due in step.reported if due.urgency is Urgency.WAKE}
        closed = [(alert, self.rows[alert.fingerprint]) for alert in step.closed]
        if any((a.episode, a.reported_count, None) != (b.episode, b.reported_count, b.closed_at) for a, b in reported):
            return False
        if any((a.episode, a.last_at, None) != (b.episode, b.last_at, b.closed_at) for a, b in closed):
            return False
        for alert, row in reported:
            woken_at = row.woken_at or (step.now if row.fingerprint in waking else None)
            self.rows[row.fingerprint] = replace(row, reported_at=step.now, reported_count=max(alert.occurrences, 1), woken_at=woken_at)
        for _, row in closed:
            self.rows[row.fingerprint] = replace(self.rows[row.fingerprint], closed_at=step.now)
            self.workers = {key: value for key, value in self.workers.items() if key[0] != row.fingerprint}
        keys = [(each.alert.fingerprint, each.alert.episode) for each in step.recovered]
        if any(key not in self.recoveries for key in keys):
            return False
        for key in keys:
            del self.recoveries[key]
        if step.digest is not None:
            self.digests.append(LastDigest(step.digest, step.now))
        if step.message is not None:
            self.add_message(step.message)
        return True

    def add_message(self, message: AlertMessage) -> None:
        """Queue a message, as the end of a daily job does too."""
        self.messages.append(Kept(len(self.messages) + 1, new_webhook_id(), message, message.at, message.at))

    # TakenAlerts

    async def take(self, fingerprint: str, audit: AuditEntry) -> bool:
        return self._taken(fingerprint, audit, taken_by=audit.actor.name, taken_at=self.now)

    async def release_alert(self, fingerprint: str, audit: AuditEntry) -> bool:
        row = self.rows.get(fingerprint)
        return row is not None and row.taken_at is not None and self._taken(fingerprint, audit, taken_by=None, taken_at=None)

    def _taken(self, fingerprint: str, audit: AuditEntry, *, taken_by: str | None, taken_at: datetime | None) -> bool:
        self._answer()
        row = self.rows.get(fingerprint)
        if row is None or row.closed_at is not None:
            return False
        self.rows[fingerprint] = replace(row, taken_by=taken_by, taken_at=taken_at)
        self.audit.append(audit)
        return True

    # AlertOutbox

    async def claim(self, lease: timedelta) -> WaitingMessage | None:
        self._answer()
        oldest = next((kept for kept in self.messages if kept.sent_at is None), None)
        if oldest is None or oldest.next_at > self.now:
            return None
        oldest.attempts, oldest.next_at = oldest.attempts + 1, self.now + lease
        return WaitingMessage(oldest.number, oldest.webhook_id, oldest.message, oldest.attempts)

    async def mark_sent(self, number: int) -> None:
        self._answer()
        self.messages[number - 1].sent_at = self.now

    async def mark_failed(self, number: int, reason: str, again: timedelta) -> None:
        self._answer()
        self.messages[number - 1].reason, self.messages[number - 1].next_at = reason, self.now + again

    async def forget_old(self) -> int:
        self._answer()
        old = [row.fingerprint for row in self.rows.values() if row.closed_at and row.closed_at < self.now - REPORTS]
        for fingerprint in old:
            del self.rows[fingerprint]
        return len(old)

    # Leases

    async def hold(self, name: str, holder: str) -> bool:
        self._answer()
        held_by, until = self.holders.get(name, (holder, self.now))
        if self.refuses:
            return False
        if held_by != holder and until > self.now:
            return False
        self.holders[name] = (holder, self.now + timedelta(seconds=30))
        return True

    async def release(self, name: str, holder: str) -> None:
        self._answer()
        if self.holders.get(name, ("", self.now))[0] == holder:
            del self.holders[name]

    def _answer(self) -> None:
        if self.unavailable:
            raise Unavailable(Dependency.DATABASE, "fake")

    def _is_ours(self, fingerprint: str, slot: datetime) -> bool:
        return fingerprint in self.blame.causes or any(
            each.takes_the_blame and each.code == self.rows[fingerprint].code and slot > each.since - SLOT
            and (each.ended_at is None or slot < each.ended_at)
            for each in self.blame.suspicions
        )  # fmt: skip

    def _hours(self, alert: Alert) -> tuple[ShopHour, ...]:
        failed = self._shops(alert, slot_of(self.now - HOUR))
        return tuple(
            ShopHour(shop_no, count, min(self.shop_sizes[shop_no], SHOP_SIZE_MATTERS))
            for shop_no, count in failed.items()
            if count >= SHOP_SHARE_FLOOR
        )

    def _shops(self, alert: Alert, since: datetime, until: datetime = datetime.max) -> Counter[int]:  # noqa: DTZ901 - UTC without a zone
        counts = Counter[int]()
        for (fingerprint, shop_no, slot), count in self.slots.items():
            if fingerprint == alert.fingerprint and max(since, slot_of(alert.opened_at)) <= slot <= until:
                counts[shop_no] += count
        return counts

    def _impact(self, alert: Alert, now: datetime) -> Impact:
        shops = self._shops(alert, alert.opened_at - HOUR)
        tick, ten = timedelta(microseconds=1), timedelta(minutes=10)
        workers = sorted((worker, waiting) for (name, worker), (_, waiting) in self.workers.items() if name == alert.fingerprint)
        return Impact(
            shops=len(shops),
            top_shops=tuple(_most(shops.items())),
            recent=self._shops(alert, now - ten + tick).total(),
            before=self._shops(alert, now - 2 * ten + tick, now - ten).total(),
            workers=tuple(worker for worker, _ in workers),
            waiting=sum(waiting for _, waiting in workers),
        )

    def _code(self, code: str, found: Counter[tuple[str, int]]) -> CodeCount:
        mine = {key: count for key, count in found.items() if self.rows[key[0]].code == code}
        hosts = Counter[str | None]()
        for (fingerprint, _), count in mine.items():
            hosts[self.rows[fingerprint].host] += count
        top_host, top_images = min(hosts.items(), key=lambda item: (-item[1], item[0] or ""))
        is_fault = any(self.rows[fingerprint].is_fault for fingerprint, _ in mine)
        named = sum(host is not None for host in hosts)
        return CodeCount(code, is_fault, sum(mine.values()), len({shop for _, shop in mine}), named, top_host, top_images)


def _most(shops: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted(shops, key=lambda item: (-item[1], item[0]))[:5]


@dataclass
class FakeRecoveries:
    """Implements `Recoveries` on the alerts of a store; `left`, `failed` and `waiting` are what it counts."""

    store: FakeAlertStore
    left: int = 0
    done: int = 0
    failed: int = 0
    waiting: int = 0
    release: str | None = None

    async def open(self) -> list[tuple[Recovery, int]]:
        found = []
        for recovery in self.store.recoveries.values():
            row = self.store.rows[recovery.alert.fingerprint]
            alert = replace(recovery.alert, closed_at=row.closed_at)
            found.append((replace(recovery, alert=alert), row.episode))
        return found

    async def begin(self, recovery: Recovery) -> None:
        self.store.recoveries[recovery.alert.fingerprint, recovery.alert.episode] = recovery

    async def held_up(self, since: datetime) -> int:
        return self.left

    async def done_since(self, end: datetime) -> int:
        return self.done

    async def aftermath(self, recovery: Recovery, codes: tuple[str, ...], until: datetime) -> Aftermath:
        return Aftermath(self.failed if codes else 0, self.waiting, self.release)


@dataclass(frozen=True)
class FakeTakenAlerts:
    """Implements `TakenAlerts` on the alerts of a store."""

    store: FakeAlertStore

    async def take(self, fingerprint: str, audit: AuditEntry) -> bool:
        return await self.store.take(fingerprint, audit)

    async def release(self, fingerprint: str, audit: AuditEntry) -> bool:
        return await self.store.release_alert(fingerprint, audit)


class FakeMessenger:
    """Implements `Messenger`: keeps what it took; `away` is what it answers instead."""

    def __init__(self) -> None:
        self.taken: list[AlertMessage] = []
        self.ids: list[str] = []
        self.unavailable: Undelivered | None = None
        self.attempts = 0

    async def send(self, webhook_id: str, message: AlertMessage) -> Delivered | Undelivered:
        self.attempts += 1
        if self.unavailable is not None:
            return self.unavailable
        self.taken.append(message)
        self.ids.append(webhook_id)
        return Delivered("status 200")


class FakeAlerts:
    """Implements `Alerts`: what is reported now, by kind and place (host, and #shop for a shop's own), and every notice in order."""

    def __init__(self) -> None:
        self.faults: dict[tuple[FaultKind, str | None], PlatformFault] = {}
        self.words: list[tuple[str, FaultKind, str | None]] = []

    def open(
        self, kind: FaultKind, *, detail: str = "", host: str | None = None, shop_no: int | None = None, subject: str | None = None,
        waiting: int = 0,
    ) -> None:  # fmt: skip
        place = _place(host, shop_no, subject)
        if (kind, place) not in self.faults:
            self.words.append(("open", kind, place))
        self.faults[kind, place] = PlatformFault(kind, "fake", detail, host, waiting, shop_no, subject)

    def close(self, kind: FaultKind, *, host: str | None = None, shop_no: int | None = None, subject: str | None = None) -> None:
        place = _place(host, shop_no, subject)
        if self.faults.pop((kind, place), None) is not None:
            self.words.append(("close", kind, place))


def _place(host: str | None, shop_no: int | None, subject: str | None) -> str | None:
    return subject or (host if shop_no is None else f"{host}#{shop_no}")
