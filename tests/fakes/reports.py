"""Sessions of shops, and what shops can mend, in memory."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.operators.audit import AuditEntry
from faust_app.core.reports.link import ReportLink
from faust_app.core.reports.mend import Fetching, PicturelessProduct, ShopCounts, Standings, Tally, tally_of
from faust_app.core.reports.session import ReportSession
from faust_app.core.reports.test_fetch import A_MINUTE, TAKEN_WITHIN, TestFetch, TestResult
from faust_app.flows.reports.mend import MendOverview
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.image_search import FakeImageSearch
from tests.fakes.operators import FakeOperators


class FakeReportSessions:
    """Implements `ReportSessions`; clock and audit are those of the operators' store."""

    def __init__(self, store: FakeOperators) -> None:
        self._store = store
        self.used: set[bytes] = set()
        self.sessions: dict[int, ReportSession] = {}
        self._tokens: dict[bytes, int] = {}

    async def open(self, link: ReportLink, session: ReportSession, token_hash: bytes, audit: AuditEntry) -> ReportSession | None:
        self._store.answer()
        if link.use in self.used:
            return None
        self.used.add(link.use)
        number = len(self.sessions) + 1
        self.sessions[number] = opened = replace(session, number=number)
        self._tokens[token_hash] = number
        self._store.record(audit)
        return opened

    async def find(self, token_hash: bytes) -> tuple[ReportSession, datetime] | None:
        self._store.answer()
        number = self._tokens.get(token_hash)
        return None if number is None else (self.sessions[number], self._store.now_is)

    async def saw(self, number: int) -> None:
        if self.sessions[number].revoked_at is None:
            self.sessions[number] = replace(self.sessions[number], seen_at=self._store.now_is)

    async def revoke(self, number: int, audit: AuditEntry) -> bool:
        if number not in self.sessions or self.sessions[number].revoked_at is not None:
            return False
        self.sessions[number] = replace(self.sessions[number], revoked_at=self._store.now_is)
        self._store.record(audit)
        return True

    async def revoke_all(self, shop_no: int, audit: AuditEntry) -> int:
        open_ones = [each for each in self.sessions.values() if each.shop_no == shop_no and each.revoked_at is None]
        for session in open_ones:
            self.sessions[session.number] = replace(session, revoked_at=self._store.now_is)
        self._store.record(replace(audit, detail={**audit.detail, "sessions": len(open_ones)}))
        return len(open_ones)


class FakeMendRows:
    """Implements `MendRows` over the rows of the fake repository."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository
        self._search = FakeImageSearch(repository)

    async def tallies(self, shop_no: int) -> list[Tally]:
        found: defaultdict[str, list[ImageRow]] = defaultdict(list)
        for row in self._rows(shop_no):
            if (mend := mend_of(row)) is not None:
                found[mend].append(row)
        return [tally_of(mend, len(rows), _first_time(rows)) for mend, rows in sorted(found.items())]

    async def counts(self, shop_no: int) -> ShopCounts:
        under_way = [row for row in self._rows(shop_no) if row.state is ImageState.IN_PROGRESS]
        return ShopCounts(await self._search.counts(shop_no), sum(row.shown is not None for row in under_way))

    async def pictureless(self, shop_no: int) -> int:
        return len(self._pictureless(shop_no))

    async def fetched_of(self, shop_no: int, since: datetime, until: datetime) -> Fetching:
        rows = [row for row in self._rows(shop_no) if since <= row.requested_at <= until]
        ended = [row.updated_at for row in rows if row.state is not ImageState.IN_PROGRESS and row.updated_at]
        return Fetching(len([row for row in rows if row.state is ImageState.IN_PROGRESS]), max(ended, default=None))

    async def images(self, shop_no: int, mends: Sequence[str], after: bytes, limit: int) -> list[ImageRow]:
        return [row for row in self._rows(shop_no) if mend_of(row) in mends and row.image_id > after][:limit]

    async def products(self, shop_no: int, after: str, limit: int) -> list[PicturelessProduct]:
        found = []
        for product_id in [each for each in self._pictureless(shop_no) if each > after][:limit]:
            rows = [row for row in self._rows(shop_no) if row.product_id == product_id and row.state is ImageState.FAILED]
            first = rows[0]
            values = (first.product_name, first.sku, len(rows), first.image_id, first.error_code, first.fingerprint, first.judged_by)
            found.append(PicturelessProduct(product_id, *values))
        return found

    async def search(self, shop_no: int, text: str, limit: int) -> list[ImageRow]:
        rows, wanted = self._rows(shop_no), text.casefold()
        exact = [row for row in rows if text in {row.image_id.decode(), row.source_url}]
        named = [(row, [name.casefold() for name in (row.sku, row.product_name, file_name(row)) if name]) for row in rows]
        begin = [row for row, names in named if any(name.startswith(wanted) for name in names)]
        within = [row for row, names in named if any(wanted in name for name in names)]
        return list({row.key: row for row in (*exact, *begin, *within)}.values())[:limit]

    def _pictureless(self, shop_no: int) -> list[str]:
        rows = self._rows(shop_no)
        shown = {row.product_id for row in rows if row.shown is not None}
        failed = {row.product_id for row in rows if row.state is ImageState.FAILED and row.shown is None and row.product_id}
        return sorted(failed - shown)

    def _rows(self, shop_no: int) -> list[ImageRow]:
        return sorted((row for row in self._repository.rows.values() if row.version and row.shop_no == shop_no), key=lambda row: row.key)


def mend_of(row: ImageRow) -> str | None:
    """Return what the column of this name has."""
    shown = "" if row.shown is None else "-shown"
    if row.state is ImageState.FAILED:
        return f"failed{shown}\t{row.fingerprint or row.error_code or ''}\t{row.judged_by or ''}"
    if row.state is ImageState.IN_PROGRESS and (row.error_code or row.schedule_reason is ScheduleReason.DEFERRED):
        cause = "@".join((row.error_code or "", row.source_host or ""))
        return f"trying{shown}\t{row.fingerprint or cause}"
    return None


def file_name(row: ImageRow) -> str:
    """Return what the column of this name has."""
    return (row.source_url or "").partition("#")[0].partition("?")[0].rpartition("/")[2][:100]


def _first_time(rows: Sequence[ImageRow]) -> datetime | None:
    return min((row.scheduled_at for row in rows if row.state is ImageState.IN_PROGRESS and row.scheduled_at), default=None)


class FakeTestFetches:
    """Implements `TestFetches`; `now` is the database's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.tests: dict[int, TestFetch] = {}

    async def ask(self, shop_no: int, url: str, asked_by: str) -> TestFetch | None:
        assert asked_by
        since = self._now() - timedelta(minutes=1)
        if sum(each.shop_no == shop_no and each.asked_at > since for each in self.tests.values()) >= A_MINUTE:
            return None
        number = len(self.tests) + 1
        self.tests[number] = TestFetch(number, shop_no, url, self._now())
        return self.tests[number]

    async def get(self, shop_no: int, number: int) -> TestFetch | None:
        found = self.tests.get(number)
        return found if found is not None and found.shop_no == shop_no else None

    async def take(self, worker: str, limit: int) -> list[TestFetch]:
        assert worker
        now = self._now()
        waiting = [each for each in self.tests.values() if each.taken_at is None and now - each.asked_at < TAKEN_WITHIN][:limit]
        for each in waiting:
            self.tests[each.number] = replace(each, taken_at=now)
        return waiting

    async def end(self, number: int, result: TestResult) -> None:
        if self.tests[number].result is None:
            self.tests[number] = replace(self.tests[number], result=result)


_SHOWN_SHOP = 7


async def sample_standing(shop_no: int) -> MendOverview:
    """Return how the pictures of a shop stand; only shop 7 has any."""
    found = Standings(12_000, 11_612, 100, 0, 288) if shop_no == _SHOWN_SHOP else Standings(0, 0, 0, 0, 0)
    return MendOverview(found, [], None, None, 1.9 if shop_no == _SHOWN_SHOP else None, datetime(2026, 3, 1))  # noqa: DTZ001 - UTC
