"""What grows, in memory: months of history, tombstones among the rows in memory, workers, sizes."""

from datetime import datetime

from faust_app.core.images.row import ImageState
from faust_app.core.maintenance.growth import TableSize
from faust_app.core.maintenance.retention import Month
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.results import FakeResults


class FakeHistoryMonths:
    """Implements `HistoryMonths`; `busy` lets every change give way."""

    def __init__(self, *names: str) -> None:
        self.months = [*names, "later"]
        self.rows_later = 0
        self.busy = False
        self.tries = 0

    async def names(self) -> list[str]:
        return list(self.months)

    async def overflows(self) -> bool:
        return self.rows_later > 0

    async def add(self, month: Month) -> bool:
        self.tries += 1
        if not self.busy:
            self.months.insert(-1, month.name)
        return not self.busy

    async def drop(self, name: str) -> bool:
        self.tries += 1
        if not self.busy:
            self.months.remove(name)
        return not self.busy


class FakeOldRows:
    """Implements `OldRows`."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository
        self.workers: list[datetime] = []
        self.sources: list[datetime] = []
        self.runs: list[datetime] = []
        self.imports: list[datetime] = []
        self.rejections: list[datetime] = []
        self.results = FakeResults(repository)
        self.republishes: list[datetime] = []
        self.audit: list[datetime] = []
        self.causes: list[datetime] = []
        self.sessions: list[datetime] = []
        self.one_time: list[datetime] = []
        self.failed_log_ins: list[datetime] = []
        self.report_sessions: list[datetime] = []
        self.report_links: list[datetime] = []
        self.test_fetches: list[datetime] = []
        self.largest = 0

    async def purge_tombstones(self, before: datetime, limit: int) -> int:
        await self._repository._answer()
        rows = [
            row
            for row in self._repository.rows.values()
            if row.state is ImageState.DELETED and row.updated_at is not None and row.updated_at < before
        ]
        for row in rows[:limit]:
            del self._repository.rows[row.key]
        self.largest = max(self.largest, len(rows[:limit]))
        return len(rows[:limit])

    async def oldest_garbage(self) -> datetime | None:
        await self._repository._answer()
        return min((entry.due_at for entry in self._repository.garbage.values()), default=None)

    async def forget_workers(self, before: datetime, limit: int) -> int:
        gone = [seen for seen in self.workers if seen < before][:limit]
        self.workers = [seen for seen in self.workers if seen not in gone]
        return len(gone)

    async def forget_sources(self, before: datetime, limit: int) -> int:
        gone = [seen for seen in self.sources if seen < before][:limit]
        self.sources = [seen for seen in self.sources if seen not in gone]
        return len(gone)

    async def forget_runs(self, before: datetime, limit: int) -> int:
        gone = [began for began in self.runs if began < before][:limit]
        self.runs = [began for began in self.runs if began not in gone]
        return len(gone)

    async def forget_imports(self, before: datetime, limit: int) -> int:
        gone = [at for at in self.imports if at < before][:limit]
        self.imports = [at for at in self.imports if at not in gone]
        return len(gone)

    async def forget_rejections(self, before: datetime, limit: int) -> int:
        gone = [at for at in self.rejections if at < before][:limit]
        self.rejections = [at for at in self.rejections if at not in gone]
        return len(gone)

    async def forget_results(self, before: datetime, limit: int) -> int:
        return await self.results.drop(before, limit)

    async def forget_republishes(self, before: datetime, limit: int) -> int:
        gone = [planned for planned in self.republishes if planned < before][:limit]
        self.republishes = [planned for planned in self.republishes if planned not in gone]
        return len(gone)

    async def forget_causes(self, before: datetime, limit: int) -> int:
        gone = [decided for decided in self.causes if decided < before][:limit]
        self.causes = [decided for decided in self.causes if decided not in gone]
        return len(gone)

    async def forget_audit(self, before: datetime, limit: int) -> int:
        gone = [at for at in self.audit if at < before][:limit]
        self.audit = [at for at in self.audit if at not in gone]
        return len(gone)

    async def forget_sessions(self, before: datetime, limit: int) -> int:
        gone = [seen for seen in self.sessions if seen < before][:limit]
        self.sessions = [seen for seen in self.sessions if seen not in gone]
        return len(gone)

    async def forget_one_time(self, before: datetime, limit: int) -> int:
        gone = [expired for expired in self.one_time if expired < before][:limit]
        self.one_time = [expired for expired in self.one_time if expired not in gone]
        return len(gone)

    async def forget_controls(self, before: datetime, limit: int) -> int:
        return 0

    async def forget_failed_log_ins(self, before: datetime, limit: int) -> int:
        gone = [failed for failed in self.failed_log_ins if failed < before][:limit]
        self.failed_log_ins = [failed for failed in self.failed_log_ins if failed not in gone]
        return len(gone)

    async def forget_report_sessions(self, before: datetime, limit: int) -> int:
        gone = [seen for seen in self.report_sessions if seen < before][:limit]
        self.report_sessions = [seen for seen in self.report_sessions if seen not in gone]
        return len(gone)

    async def forget_report_links(self, before: datetime, limit: int) -> int:
        gone = [end for end in self.report_links if end < before][:limit]
        self.report_links = [end for end in self.report_links if end not in gone]
        return len(gone)

    async def forget_test_fetches(self, before: datetime, limit: int) -> int:
        gone = [asked for asked in self.test_fetches if asked < before][:limit]
        self.test_fetches = [asked for asked in self.test_fetches if asked not in gone]
        return len(gone)


class FakeTableSizes:
    """Implements `TableSizes`."""

    def __init__(self, *sizes: TableSize) -> None:
        self.sizes = list(sizes)

    async def read(self) -> list[TableSize]:
        return self.sizes
