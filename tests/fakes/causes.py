"""Causes of failed images in memory, over the rows of the fake repository."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from faust_app.core.causes.cause import CURVE_HOURS, UNMARKED, Cause, CauseDetails, Mark, ShopShare
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.operators.audit import AuditEntry
from tests.fakes.image_repository import FakeImageRepository


class FakeCauses:
    """Implements `Causes`; the newest failure of a cause is that of its row that was written last."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository
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
