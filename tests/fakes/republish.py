"""Republish runs in memory, on the rows of the fake repository."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from faust_app.core.alerts.message import AlertMessage
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.messages.positions import Offsets
from faust_app.core.monitoring.unfinished import UnfinishedState, classify_unfinished
from faust_app.core.operators.audit import AuditEntry
from faust_app.core.republish.items import REACHED, CurrentState, Item, ItemStatus, ended_as, planned_as
from faust_app.core.republish.run import ACTIVE, Draft, Left, ListedItem, RulesOf, Run, RunCounts, RunStatus, allowance, paced
from faust_app.core.republish.selection import SelectedState, Selection
from faust_app.core.republish.steps import Ended, Step, begin, take_back
from tests.fakes.image_repository import FakeImageRepository


class FakeRepublish:
    """Implements `RepublishRuns` and `RepublishItems`, and keeps the audit and the messages that are written with a change."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository
        self.runs: dict[int, Run] = {}
        self.keys: dict[str, int] = {}
        self.of_run: dict[int, dict[ImageKey, Ended]] = {}
        self.audit: list[AuditEntry] = []
        self.messages: list[AlertMessage] = []
        self.paused_shops: set[int] = set()

    async def plan(self, draft: Draft, offsets: Offsets, rules_of: RulesOf, audit: AuditEntry) -> Run:
        now, number = await self._repository.now(), len(self.runs) + 1
        if draft.request_key in self.keys:
            return self.runs[self.keys[draft.request_key]]
        if draft.request_key is not None:
            self.keys[draft.request_key] = number
        hosts = {row.source_host for row in self._repository.rows.values() if row.source_host}
        rules = replace(rules_of(hosts), paused_shops=frozenset(self.paused_shops))
        chosen = draft.selection
        self.of_run[number] = {
            row.key: Ended(
                Item(row.key, row.version, row.state, row.error_code),
                planned_as(row, offsets, rules, include_good=chosen.include_good, overrides=chosen.overrides),
            )
            for row in self._repository.rows.values()
            if _is_selected(row, chosen, offsets)
        }
        self.runs[number] = Run(number, RunStatus.PLANNED, chosen, draft.rate, draft.reason, audit.actor.name, now)
        self._add(audit, number)
        return self.runs[number]

    async def get(self, number: int) -> Run | None:
        return self.runs.get(number)

    async def newest(self, before: int | None, limit: int) -> list[Run]:
        return [run for number, run in sorted(self.runs.items(), reverse=True) if before is None or number < before][:limit]

    async def watched(self) -> list[Run]:
        return [run for run in self.runs.values() if run.status in {*ACTIVE, RunStatus.PLANNED}]

    async def counts(self, number: int) -> RunCounts:
        by_status: dict[ItemStatus, int] = {}
        by_state: dict[ImageState, int] = {}
        for each in self.of_run[number].values():
            by_status[each.status] = by_status.get(each.status, 0) + 1
            by_state[each.item.former_state] = by_state.get(each.item.former_state, 0) + 1
        shops = {key[0] for key, each in self.of_run[number].items() if each.status in REACHED}
        return RunCounts(by_status, by_state, len(shops))

    async def items(self, number: int, status: ItemStatus, after: ImageKey | None, limit: int) -> list[ListedItem]:
        found = [each for key, each in sorted(self.of_run[number].items()) if each.status is status and (after is None or key > after)]
        return [
            ListedItem(each.item.key, each.item.version, each.item.former_state, each.item.former_code, each.item.new_version, each.code)
            for each in found[:limit]
        ]

    async def start(self, number: int, audit: AuditEntry) -> Run | None:
        now, run = await self._repository.now(), self.runs[number]
        active = [other for other in self.runs.values() if other.status in ACTIVE and other.selection.digest == run.selection.digest]
        if active:
            return active[0]
        if run.status is not RunStatus.PLANNED:
            return None
        self.runs[number] = replace(run, status=RunStatus.RUNNING, paced_to=now, started_at=now, started_by=audit.actor.name)
        self._add(audit, number)
        return self.runs[number]

    async def change(self, number: int, allowed: Sequence[RunStatus], to: RunStatus, audit: AuditEntry) -> bool:
        run = self.runs.get(number)
        if run is None or run.status not in allowed:
            return False
        self.runs[number] = replace(run, status=to, paced_to=await self._repository.now())
        self._add(audit, number)
        return True

    async def set_rate(self, number: int, rate: float, audit: AuditEntry) -> bool:
        run = self.runs.get(number)
        if run is None or run.status not in {RunStatus.PLANNED, RunStatus.RUNNING, RunStatus.PAUSED}:
            return False
        paced_to = run.paced_to and await self._repository.now()
        self.runs[number] = replace(run, rate=rate, paced_to=paced_to)
        self._add(audit, number)
        return True

    async def end(self, run: Run, to: RunStatus, message: AlertMessage | None) -> bool:
        if self.runs[run.number].status is not run.status:
            return False
        self.runs[run.number] = replace(self.runs[run.number], status=to, ended_at=await self._repository.now())
        self.messages += [message] if message else []
        return True

    async def begin(self, number: int, offsets: Offsets) -> int:
        now, run = await self._repository.now(), self.runs[number]
        limit = allowance(run, now)
        if limit:
            self.runs[number] = replace(run, paced_to=paced(run, now, limit))
        return await self._begin(number, limit, offsets)

    async def try_one(self, number: int, offsets: Offsets, audit: AuditEntry) -> ImageKey | None:
        if self.runs[number].status is not RunStatus.PLANNED:
            return None
        while left := self._with(number, ItemStatus.PLANNED, 1):
            if await self._begin(number, 1, offsets):
                self._add(audit, number)
                return left[0].key
        return None

    async def take_back(self, number: int, limit: int) -> int:
        if self.runs[number].status is not RunStatus.CANCELLING:
            return 0
        items = self._with(number, ItemStatus.BEGUN, limit)
        await self._step(number, items, lambda locked: take_back(items, locked.rows, locked.now))
        return len(items)

    async def watch(self, number: int, after: ImageKey | None, limit: int) -> ImageKey | None:
        items = [item for item in self._with(number, ItemStatus.BEGUN, 10**9) if after is None or item.key > after][:limit]
        rows = await self._repository.load([item.key for item in items])
        for item in items:
            row = rows.get(item.key)
            standing = CurrentState(row.version, row.state, row.error_code) if row else CurrentState(None, None, None)
            status = ended_as(item, standing)
            if status is not None:
                self.of_run[number][item.key] = Ended(item, status, standing.code)
        return items[-1].key if len(items) == limit else None

    async def left(self, number: int) -> Left:
        return Left(bool(self._with(number, ItemStatus.PLANNED, 1)), bool(self._with(number, ItemStatus.BEGUN, 1)))

    async def _begin(self, number: int, limit: int, offsets: Offsets) -> int:
        items = self._with(number, ItemStatus.PLANNED, limit)
        return await self._step(
            number, items, lambda locked: begin(items, locked.rows, offsets, locked.now, paused_shops=self.paused_shops)
        )

    async def _step(self, number: int, items: list[Item], decide: Callable[[Locked], Step]) -> int:
        def decided(locked: Locked) -> tuple[Changes, Step]:
            step = decide(locked)
            return step.changes, step

        step = await self._repository.change([item.key for item in items], decided)
        self.of_run[number] |= {each.item.key: each for each in step.items}
        return len(step.changes.accepted)

    def _with(self, number: int, status: ItemStatus, limit: int) -> list[Item]:
        return [each.item for _, each in sorted(self.of_run[number].items()) if each.status is status][:limit]

    def _add(self, audit: AuditEntry, number: int) -> None:
        self.audit.append(replace(audit, target=f"republish {number}"))


def _is_selected(row: ImageRow, chosen: Selection, offsets: Offsets) -> bool:
    unfinished = {UnfinishedState.LOST: "lost", UnfinishedState.QUEUED: "queued", UnfinishedState.SCHEDULED: "scheduled"}
    state = unfinished[classify_unfinished(row, offsets)] if row.state is ImageState.IN_PROGRESS else row.state.value.lower()
    named = {image.key for image in chosen.images}
    return (
        SelectedState(state) in chosen.states
        and (not chosen.shops or row.shop_no in chosen.shops)
        and (not chosen.codes or row.error_code in chosen.codes)
        and (not chosen.hosts or row.source_host in chosen.hosts)
        and chosen.cause in {None, row.fingerprint}
        and chosen.judged_by in {None, row.judged_by}
        and chosen.product_id in {None, row.product_id}
        and (not named or row.key in named)
        and (chosen.since is None or _utc(chosen.since) <= (row.updated_at or datetime.max))  # noqa: DTZ901 - UTC without a zone
        and (chosen.until is None or _utc(chosen.until) > (row.updated_at or datetime.min))  # noqa: DTZ901 - as above
    )


def _utc(at: datetime) -> datetime:
    return (at - (at.utcoffset() or at - at)).replace(tzinfo=None)
