"""Workers and a web process over the enemy's outside, and what the enemy may do to them."""

import asyncio
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final

from faust_app.core.failure import Unavailable
from faust_app.core.images.objects import image_prefix
from faust_app.core.images.request_rules import Unchanged
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.messages.events import ImageRequest, Op
from faust_app.core.messages.record import Record
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.republish.items import TodaysRules
from faust_app.core.republish.run import ACTIVE, Draft, RunStatus
from faust_app.core.republish.selection import SelectedState, Selection
from faust_app.core.verify.acknowledged_requests import LedgerRequest, LedgerRequests, ledger_violations
from faust_app.core.verify.invariants import Evidence, Violation, violations
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.images.executor import Event, Handled
from faust_app.flows.maintenance.audit_bucket import BucketAudit
from faust_app.flows.maintenance.collect_garbage import GarbageCollector
from faust_app.flows.maintenance.rescue import Rescue
from tests.factories import make_request
from tests.fakes.alerts import FakeAlerts
from tests.fakes.collector import FakeCollectorRow, FakeGarbageRepository, FakeImageFolders
from tests.fakes.republish import FakeRepublish
from tests.fakes.source_records import FakeSourceRecords
from tests.fakes.unfinished_rows import FakeUnfinishedRows
from tests.flows.worker_harness import DEAD, TOPICS, WorkerHarness
from tests.proofs.machine.jumping_loop import OWNER, JumpingLoop
from tests.proofs.machine.outside import Log, Offsets, Rows, Sources, Store, content
from tests.proofs.model.rules import broken_by

IMAGE_TOPICS: Final = [spec.name for spec in TOPICS.images]
WORKERS: Final = ("one", "two")
WEB: Final = "web"
LEFT_FOR_THE_COLLECTOR: Final = "I4 a deleted image has no object"
"""The rule that holds only when the collector was there."""

Place = tuple[str, int]
"""A topic and an offset."""


class World:
    """One shop's images. `acked` are the events whose offset may be committed, `flying` those in a worker's hands."""

    def __init__(self, loop: JumpingLoop) -> None:
        self.loop = loop
        self.rows, self.log, self.store, self.sources = Rows(loop), Log(), Store(), Sources(loop)
        self.records = FakeSourceRecords(self.rows._clock)
        self.acked: set[Place] = set()
        self.flying: dict[asyncio.Task[Handled], tuple[str, Place, Event]] = {}
        self.requests: dict[ImageKey, LedgerRequests] = {}
        self.forgotten = 0
        self.asked = 0
        self.errors: list[BaseException] = []
        self._seen: dict[ImageKey, ImageRow] = {}
        self.processes = {name: self._start(name) for name in (*WORKERS, WEB)}
        self._make_tasks()

    def _start(self, name: str) -> WorkerHarness:
        outside: Any = SimpleNamespace(rows=self.rows, log=self.log, store=self.store, fetcher=self.sources, records=self.records)
        harness = WorkerHarness(outside=outside)
        if name == WEB:
            self.run(WEB, harness.publisher.run())
        return harness

    def _make_tasks(self) -> None:
        harness = self.processes["one"]
        letters = DeadLetters(self.log, harness.metrics, topic=DEAD, group="g")
        offsets = Offsets(self.log, IMAGE_TOPICS, self.acked)
        row, garbage = FakeCollectorRow(self.rows), FakeGarbageRepository(self.rows)
        self.rescue = Rescue(
            repository=self.rows,
            clock=self.rows,
            unfinished=FakeUnfinishedRows(self.rows),
            offsets=offsets,
            dead_letters=letters,
            alerts=FakeAlerts(),
            metrics=harness.metrics,
        )
        self.collector = GarbageCollector(
            garbage=garbage, row=row, rows=self.rows, store=self.store, alerts=FakeAlerts(), metrics=harness.metrics
        )
        self.republish, self.offsets = FakeRepublish(self.rows), offsets
        self.audit = BucketAudit(garbage, row, FakeImageFolders(self.rows), self.store, harness.metrics, clock=self.rows)

    # What happens

    def run(self, owner: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start work of a process; an error of it that is no outage fails the test."""
        token = OWNER.set(owner)
        try:
            task = self.loop.create_task(work)
        finally:
            OWNER.reset(token)
        task.add_done_callback(self._note_error)
        return task

    def ask(self, image_id: str, op: Op, *, picture: int, source: str, seconds: float) -> None:
        """Send a request to the web process."""
        self.asked += 1
        url = None if op is Op.DELETE else f"http://source.test/{picture}-{self.asked}.jpg"
        if url is not None:
            self.sources.add(url, source, seconds=seconds)
        self._ask(make_request(1, image_id, op=op, **({} if url is None else {"source_url": url})))

    def ask_again(self, image_id: str) -> None:
        """Send the newest request of the image once more: the same address, whose answer may have changed to 304."""
        row = self.rows.rows.get((1, image_id.encode()))
        if row is not None and row.source_url is not None:
            self._ask(make_request(1, image_id, op=Op.UPDATE, source_url=row.source_url))

    def _ask(self, request: ImageRequest) -> None:
        self.run(WEB, self._accept(request))
        self.turn(40)  # one after the other, so that the ledger knows their order

    async def _accept(self, request: ImageRequest) -> None:
        known = self.requests.setdefault(request.key, LedgerRequests())
        try:
            (decision,) = await self.processes[WEB].intake.accept([request], entry_point="http")
        except Unavailable:
            known.unknown.append(LedgerRequest(request.source_url, None))
        else:
            known.acknowledged, known.unknown = LedgerRequest(request.source_url, decision.row.version, isinstance(decision, Unchanged)), []

    def deliver(self, worker: str, place: Place, *, defer: float | None = None) -> None:
        """Hand an event to a worker, which may be at it already, or may have been."""
        topic, offset = place
        message = self.log.messages[topic][offset]
        handler = self.processes[worker].handler
        event = handler.read(Record(topic, 0, offset, 0, message.key, message.value))
        work = handler.execute(event, defer_by=None if defer is None else timedelta(seconds=defer))
        task = self.run(worker, work)
        self.flying[task] = worker, place, event
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[Handled]) -> None:
        _, place, _ = self.flying.pop(task)
        if not task.cancelled() and task.exception() is None and task.result() is Handled.DONE:
            self.acked.add(place)

    def ack_early(self, index: int) -> None:
        """Ack a running event early; acknowledge it if the row took it."""
        task, (worker, place, event) = list(self.flying.items())[index]
        self.run(worker, self._ack_early(worker, place, event, task))

    async def _ack_early(self, worker: str, place: Place, event: Event, task: asyncio.Task[Handled]) -> None:
        if await self.processes[worker].handler.ack_early(event) and not task.done():
            self.acked.add(place)

    def kill(self, name: str) -> None:
        """End a process in the middle of everything it does; another one takes its place."""
        tasks = self.loop.tasks_of(name)
        for task in tasks:
            task.cancel()
        self.turn(3)
        self.processes[name] = self._start(name)

    def forget(self, place: Place) -> None:
        """Commit the offset of an event that nobody dealt with, and end who is at it."""
        for worker in {worker for worker, flying, _ in self.flying.values() if flying == place}:
            self.kill(worker)
        if place not in self.acked:
            self.acked.add(place)
            self.forgotten += 1

    def has_good(self) -> bool:
        """Return whether an image is shown and wanted as it is."""
        return any(row.state is ImageState.DONE for row in self.rows.rows.values())

    def has_finished(self) -> bool:
        """Return whether an image is done or failed, so that a republish has something to do."""
        return any(row.state in {ImageState.DONE, ImageState.FAILED} for row in self.rows.rows.values())

    def republish_all(self, *, include_good: bool, passes: int) -> None:
        """Plan and start a republish of every image, and begin as many as some passes do."""
        self.run(WORKERS[0], self._republish_all(include_good=include_good, passes=passes))

    async def _republish_all(self, *, include_good: bool, passes: int) -> None:
        selection = Selection(states=tuple(SelectedState), include_good=include_good)
        entry = AuditEntry(await self.rows.now(), Actor("operator"), "republish", "")
        rules = TodaysRules(frozenset(), 2**30)
        run = await self.republish.plan(Draft(selection, 10.0), await self.offsets.committed(), lambda _: rules, entry)
        await self.republish.start(run.number, entry)
        for _ in range(passes):
            await asyncio.sleep(1.0)
            await self.republish.begin(run.number, await self.offsets.committed())

    def take_back(self) -> None:
        """Cancel every active republish, and take back what has no outcome."""
        self.run(WORKERS[1], self._take_back())

    async def _take_back(self) -> None:
        entry = AuditEntry(await self.rows.now(), Actor("operator"), "cancel", "")
        for run in [run for run in self.republish.runs.values() if run.status in ACTIVE]:
            await self.republish.change(run.number, ACTIVE, RunStatus.CANCELLING, entry)
            await self.republish.take_back(run.number, 100)

    def turn(self, turns: int) -> None:
        """Run the loop for `turns` iterations."""
        self.loop.run_until_complete(_turns(turns))

    def sleep(self, seconds: float) -> None:
        """Advance the time; what is ready runs."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    # What there is

    def unacked(self) -> list[Place]:
        """Return the events that are due for delivery."""
        flying = {place for _, place, _ in self.flying.values()}
        return [place for place in self.published() if place not in self.acked and place not in flying]

    def published(self) -> list[Place]:
        return [(topic, offset) for topic in IMAGE_TOPICS for offset in range(len(self.log.messages[topic]))]

    def check(self) -> None:
        """Fail unless every promise holds as things stand."""
        assert not self.errors, self.errors
        found = [violation for violation in self._violations() if violation.rule != LEFT_FOR_THE_COLLECTOR]
        assert found == []
        for key, row in self.rows.rows.items():
            before = self._seen.get(key)
            assert before is None or before == row or broken_by(before, row) is None, (before, row)
            assert row.attempt <= self.sources.failures[row.source_url or ""], f"an attempt that no failure of the source explains: {row}"
            assert row.error_code != "internal_error", row
            if row.state is ImageState.DONE and row.shown is not None:
                assert self.store.objects[row.shown.object_key] == content(row.source_url or ""), "another address's bytes are shown"
        self._seen = dict(self.rows.rows)
        rescued = sum(entry.outcome == "rescued" for entry in self.rows.entries)
        assert rescued <= self.forgotten, "a row was rescued that nobody forgot"

    def _violations(self) -> Iterator[Violation]:
        for key, row in self.rows.rows.items():
            yield from violations(
                Evidence(
                    row,
                    [(entry.version, entry.outcome) for entry in self.rows.entries if entry.key == key],
                    [name for name in self.store.objects if name.startswith(image_prefix(*key))],
                    {garbage.target for garbage in self.rows.garbage.values() if garbage.key == key},
                    {version for letter, version in self._letters() if letter == row.image_id.decode()},
                )
            )

    def _letters(self) -> Iterator[tuple[str, int]]:
        for message in self.log.messages[DEAD]:
            headers = dict(message.headers)
            yield headers["shop-images-image-id"].decode(), int(headers["shop-images-version"])

    # How it ends

    def calm_down(self) -> None:
        """Stop the enemy, run until nothing is left to do, then check the result."""
        self.rows.lost_answers = self.log.lost_answers = self.store.late_puts = 0
        while self.store.under_way:
            self.store.land(0)
        for _ in range(60):
            self._round()
            if self._is_quiet():
                break
        assert self._is_quiet(), f"not quiet after hours: {self.rows.rows} {self.unacked()}"
        self._collect()
        self.check()
        assert list(self._violations()) == []
        assert list(ledger_violations(self.requests, self.rows.rows)) == []
        shown = {row.shown.object_key for row in self.rows.rows.values() if row.shown is not None}
        assert {key for key in self.store.objects if key.startswith("shops/")} == shown, "garbage is left"

    def _round(self) -> None:
        for place in self.unacked():
            self.deliver("one", place)
        self.sleep(30)
        harness = self.processes["one"]
        for task in (harness.sources.run_pass(), harness.due.run_pass(), self.rescue.run_pass()):
            self.run("one", task)
        self.sleep(301)

    def _is_quiet(self) -> bool:
        open_rows = any(row.state is ImageState.IN_PROGRESS for row in self.rows.rows.values())
        return not open_rows and not self.unacked() and not self.flying

    def _collect(self) -> None:
        """Run audit and collector until also what is kept for a week is due."""
        for _ in range(2):
            self.run("one", self.audit.run_part())
            self.sleep(timedelta(days=8).total_seconds())
            self.run("one", self.collector.run_pass())
            self.sleep(60)

    def _note_error(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Unavailable):
            self.errors.append(error)

    def close(self) -> None:
        """End everything."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.turn(5)
        self.loop.close()


async def _turns(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
