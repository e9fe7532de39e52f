"""Imports and rejections in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from faust_app.core.imports.catalogue import LineProblem
from faust_app.core.imports.run import ImportCounts, ImportedFile, ImportRun, ImportStatus
from faust_app.core.messages.rejection import EntryPoint, ImportLine, KeptRejection, RejectedRecord, Rejection


class FakeRejections:
    """Implements `Rejections`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.kept: list[KeptRejection] = []
        self._now = now

    async def add(self, rejections: Sequence[Rejection]) -> None:
        for each in rejections:
            if not (isinstance(each.place, RejectedRecord) and self._has(each.place)):
                self.kept.append(KeptRejection(len(self.kept) + 1, self._now(), each))

    async def of_shop(self, shop_no: int, before: int | None, limit: int) -> list[KeptRejection]:
        return [each for each in self._newest(before) if each.rejection.shop_no == shop_no][:limit]

    async def of_import(self, run: int, after: int, limit: int) -> list[KeptRejection]:
        lines = [each for each in self.kept if isinstance(each.rejection.place, ImportLine) and each.rejection.place.run == run]
        return [each for each in lines if each.number > after][:limit]

    async def of_records(self, before: int | None, limit: int) -> list[KeptRejection]:
        return [each for each in self._newest(before) if isinstance(each.rejection.place, RejectedRecord)][:limit]

    def _newest(self, before: int | None) -> list[KeptRejection]:
        return [each for each in reversed(self.kept) if before is None or each.number < before]

    def _has(self, place: RejectedRecord) -> bool:
        places = [each.rejection.place for each in self.kept if isinstance(each.rejection.place, RejectedRecord)]
        return any((each.topic, each.partition, each.offset) == (place.topic, place.partition, place.offset) for each in places)


class FakeImportRuns:
    """Implements `ImportRuns`."""

    def __init__(self, rejections: FakeRejections, now: Callable[[], datetime]) -> None:
        self.runs: dict[int, ImportRun] = {}
        self._rejections = rejections
        self._now = now

    async def begin(self, file: ImportedFile, started_by: str, release: str | None) -> ImportRun:
        now = self._now()
        for run in self.runs.values():
            if run.status is ImportStatus.RUNNING and run.file.key == file.key:
                return self._put(replace(run, continued_at=now, continued_from=run.counts.read, updated_at=now))
        return self._put(ImportRun(len(self.runs) + 1, file, ImportStatus.RUNNING, ImportCounts(), started_by, release, now, now, 0, now))

    async def record(self, number: int, counts: ImportCounts, rejected: Sequence[LineProblem]) -> None:
        run = self._put(replace(self.runs[number], counts=counts, updated_at=self._now()))
        await self._rejections.add(
            [
                Rejection(EntryPoint.IMPORT, each.reason, each.field, run.file.shop_no, place=ImportLine(number, each.line))
                for each in rejected
            ]
        )

    async def end(self, number: int, status: ImportStatus, problem: str | None = None) -> None:
        now = self._now()
        self._put(replace(self.runs[number], status=status, problem=problem, ended_at=now, updated_at=now))

    async def get(self, number: int) -> ImportRun | None:
        return self.runs.get(number)

    async def of_shop(self, shop_no: int, before: int | None, limit: int) -> list[ImportRun]:
        runs = [run for run in self.runs.values() if run.file.shop_no == shop_no and (before is None or run.number < before)]
        return sorted(runs, key=lambda run: -run.number)[:limit]

    def _put(self, run: ImportRun) -> ImportRun:
        self.runs[run.number] = run
        return run
