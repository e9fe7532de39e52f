"""Causes of failed images in memory, over the rows of the fake repository; outcomes by release, and what is suspected."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from faust_app.core.causes.cause import CURVE_HOURS, UNMARKED, Cause, CauseDetails, Mark, ShopShare
from faust_app.core.causes.suspicion import Blame, Outcomes, Release, Suspicion, Verdict
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.operators.audit import AuditEntry
from tests.fakes.image_repository import FakeImageRepository


class FakeCauses:
    """Implements `Causes`; the newest failure of a cause is that of its row that was written last."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository
        self.suspicions = FakeSuspicions(self)
        self.marks: dict[str, Mark] = {}
        self.asked_shops: dict[tuple[str, int], tuple[str, datetime]] = {}
        self.audit: list[AuditEntry] = []

    async def page(self, after: tuple[int, str] | None, limit: int) -> list[Cause]:
        found = [self._cause(fingerprint) for fingerprint in {row.fingerprint for row in self._failed()} if fingerprint]
        ordered = sorted(found, key=lambda cause: (-cause.images, cause.fingerprint))
        return [cause for cause in ordered if after is None or (-cause.images, cause.fingerprint) > (-after[0], after[1])][:limit]

    async def details(self, fingerprint: str, now: datetime) -> CauseDetails | None:
        rows = [row for row in self._failed() if row.fingerprint == fingerprint]
        if not rows and fingerprint not in self.marks:
            return None
        shops = Counter(row.shop_no for row in rows)
        shares = [ShopShare(shop, count, *self.asked_shops.get((fingerprint, shop), (None, None))) for shop, count in shops.most_common()]
        return CauseDetails(self._cause(fingerprint), shares, [0] * CURVE_HOURS, [row.key for row in rows[:10]])

    async def resolve(self, fingerprint: str, release: str | None, audit: AuditEntry) -> None:
        now = await self._repository.now()
        newest = self._cause(fingerprint).judged_by
        self._set(fingerprint, audit, resolved_at=now, resolved_in=release, resolved_from=newest, ignored_until=None)

    async def ignore(self, fingerprint: str, until: datetime, audit: AuditEntry) -> None:
        self._set(fingerprint, audit, ignored_until=until)

    async def reopen(self, fingerprint: str, audit: AuditEntry) -> None:
        self._set(fingerprint, audit, resolved_at=None, resolved_in=None, resolved_from=None, ignored_until=None)

    async def set_note(self, fingerprint: str, note: str | None, audit: AuditEntry) -> None:
        by, at = (audit.actor.name, await self._repository.now()) if note else (None, None)
        self._set(fingerprint, audit, note=note, note_by=by, note_at=at)

    async def set_ours(self, fingerprint: str, audit: AuditEntry, *, is_ours: bool) -> None:
        self._set(fingerprint, audit, is_ours=is_ours)
        verdict = Verdict.OURS if is_ours else Verdict.SHOPS
        self.suspicions.decide(fingerprint.partition("@")[0], verdict, audit.actor.name, await self._repository.now())

    async def asked(self, fingerprint: str, shop_no: int, audit: AuditEntry) -> None:
        self.asked_shops[fingerprint, shop_no] = audit.actor.name, await self._repository.now()
        self.audit.append(audit)

    def _set(self, fingerprint: str, audit: AuditEntry, **values: object) -> None:
        self.marks[fingerprint] = replace(self.marks.get(fingerprint, UNMARKED), **values)  # type: ignore[arg-type]
        self.audit.append(audit)

    def _cause(self, fingerprint: str) -> Cause:
        rows = sorted((row for row in self._failed() if row.fingerprint == fingerprint), key=_written)
        last = rows[-1] if rows else None
        at = last.updated_at if last else None
        return Cause(
            fingerprint, len(rows), len({row.shop_no for row in rows}), at, at,
            last.judged_by if last else None, last.key if last else None, self.marks.get(fingerprint, UNMARKED),
        )  # fmt: skip

    def _failed(self) -> list[ImageRow]:
        return [row for row in self._repository.rows.values() if row.state is ImageState.FAILED]


def _written(row: ImageRow) -> datetime:
    return row.updated_at or row.requested_at


class FakeSuspicions:
    """Implements `Suspicions`; the causes say which of them people marked as ours."""

    def __init__(self, causes: "FakeCauses | None" = None) -> None:
        self._causes = causes
        self.rows: dict[tuple[str, str], Suspicion] = {}

    async def known(self) -> list[Suspicion]:
        return list(self.rows.values())

    async def add(self, suspicions: Sequence[Suspicion]) -> None:
        for each in suspicions:
            old = self.rows.get((each.code, each.release))
            kept = each if old is None else replace(old, found_at=each.found_at, rise=each.rise)
            if kept.verdict is None:
                kept = replace(kept, ended_at=None)
            self.rows[each.code, each.release] = kept

    async def end(self, suspicions: Sequence[Suspicion], now: datetime) -> None:
        for each in suspicions:
            self.rows[each.code, each.release] = replace(self.rows[each.code, each.release], ended_at=now)

    async def blame(self) -> Blame:
        marks = {} if self._causes is None else self._causes.marks
        return Blame(frozenset(name for name, mark in marks.items() if mark.is_ours), tuple(self.rows.values()))

    def decide(self, code: str, verdict: Verdict, by: str, at: datetime) -> None:
        for key, each in self.rows.items():
            if each.code == code and each.ended_at is None:
                self.rows[key] = replace(each, verdict=verdict, decided_by=by, decided_at=at)


class FakeOutcomeCounts:
    """Implements `OutcomeCounts`: what a test says has ended, each time with its hour of the clock."""

    def __init__(self) -> None:
        self.ended: list[tuple[datetime, str, str, str, int]] = []

    def add(self, at: datetime, release: str, good: int, code: str = "", **hosts: int) -> None:
        """Count good images, and failures of hosts by a code."""
        self.ended.append((at, release, "", "", good))
        self.ended += [(at, release, code, host, count) for host, count in hosts.items()]

    async def releases(self, since: datetime) -> list[Release]:
        times, counts = defaultdict[str, list[datetime]](list), Counter[str]()
        for at, release, _, _, count in self.ended:
            if _hour(at) >= _hour(since):
                times[release].append(at)
                counts[release] += count
        return [Release(name, min(seen), max(seen), counts[name]) for name, seen in times.items()]

    async def of(self, releases: Sequence[str], since: datetime) -> Outcomes:
        total, failed = 0, defaultdict[str, Counter[str]](Counter)
        for at, release, code, host, count in self.ended:
            if release in releases and _hour(at) >= _hour(since):
                total += count
                if code:
                    failed[code][host] += count
        return Outcomes(total, {code: dict(hosts) for code, hosts in failed.items()})


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
