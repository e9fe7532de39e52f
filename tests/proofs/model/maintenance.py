"""The model's tasks beside the events: early acks, the rescue, the collector."""

from faust_app.core.images.objects import version_of
from faust_app.core.images.outcome import AckedEarly
from faust_app.core.images.plan import Skip, Store, Unknown
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.images.transitions.repair import lost_repeatedly, may_be_rescued, still_lost
from faust_app.core.images.transitions.settle import settle
from faust_app.core.messages.positions import PartitionOffsets
from faust_app.core.monitoring.unfinished import UnfinishedState
from tests.proofs.model.state import EPOCH, IDLE, LOGS, NOTHING, Decided, Place, State, Steps, acts_in, after_number


class Maintenance(Decided):
    """Each decides on what it read, and acts later."""

    def _hands_over(self, state: State) -> Steps:
        if state.handing != IDLE:
            yield from self._ends_early_ack(state)
        elif state.left.ack_early:
            for worker in state.workers:
                if worker != IDLE and not worker[3]:
                    yield from self._begins_early_ack(state, worker[1:3])

    def _begins_early_ack(self, state: State, place: Place) -> Steps:
        planned = self._values[self._planned(*state.logs[place[0]][place[1]], state.row)]
        if isinstance(planned, Store):
            handing = ("acks early", *place, self._number(AckedEarly(planned.row, NOTHING)))
            yield "a running event is to be acked early", state._replace(handing=handing, left=state.left.less("ack_early")), None

    def _ends_early_ack(self, state: State) -> Steps:
        _, log, offset, held = state.handing
        after = self._settled(state.row, held, self._fresh(state))
        idle = state._replace(handing=IDLE)
        running = next((worker for worker in state.workers if worker[1:4] == (log, offset, 0)), None)
        if after is None:
            yield "the early ack is refused", idle, None
        elif running is None:
            yield "the row takes over what ran", idle._replace(row=after), None
        else:
            safe = acts_in(idle, "workers", state.workers.index(running), (*running[:3], 1, running[4]))
            yield "the row takes over what runs", safe._replace(row=after, acked=state.acked | {(log, offset)}), None

    def _rescues(self, state: State) -> Steps:
        row = self._row(state)
        match state.rescue:
            case ("",):  # offsets that are read while the row waits are older, and find less
                if row.state is ImageState.IN_PROGRESS and row.scheduled_at is None:
                    yield "the rescue reads the offsets", state._replace(rescue=("seen", *map(state.committed, range(len(LOGS))))), None
            case ("seen", *offsets):
                seen = {(log, 0): PartitionOffsets(offset, 0) for log, offset in zip(LOGS, offsets, strict=True)}
                if row.state is ImageState.IN_PROGRESS and self._guards.classify_unfinished(row, seen) is UnfinishedState.LOST:
                    yield "the rescue finds the row lost", state._replace(rescue=("lost", state.row)), None
                else:
                    yield "the rescue finds nothing", state._replace(rescue=IDLE), None
            case ("lost", judged):
                yield from self._ends_rescue(state, row, self._values[judged])

    def _ends_rescue(self, state: State, row: ImageRow, judged: ImageRow) -> Steps:
        idle, letters = state._replace(rescue=IDLE), state.letters
        if may_be_rescued(judged):
            after = self._guards.rescued(row, judged, EPOCH + after_number(self._fresh(state))).row
        else:
            letters |= {judged.version}
            failed = lost_repeatedly(judged)
            after = settle(row, failed, now=EPOCH, replaced_grace=NOTHING).row if still_lost(row, judged) else None
        if after is None:
            yield "the rescue is refused", idle._replace(letters=letters), None
            return
        yield "the row is rescued", idle._replace(row=self._number(after), letters=letters), self._falsely_rescued(state)

    def _falsely_rescued(self, state: State) -> str | None:
        """Return whether an event that would be executed still waits; only the enemy's own losses and repetitions excuse that."""
        if state.left.forget < self._scope.left.forget or state.left.twice < self._scope.left.twice:
            return None
        for log, records in enumerate(state.logs):
            for offset, (version, count) in enumerate(records):
                planned = self._values[self._planned(version, count, state.row)]
                if (log, offset) not in state.acked and not isinstance(planned, Skip | Unknown):
                    return "rescued, and its event still waits"
        return None

    def _collects(self, state: State) -> Steps:
        if not self._scope.collects:
            return
        if state.doomed is not None:
            yield "the collector deletes", state._replace(doomed=None, objects=state.objects - {state.doomed}), None
            return
        for key in state.objects:
            if self._guards.may_collect(key, version_of(key), self._row(state)):
                yield f"the collector may delete {key[-22:]}", state._replace(doomed=key), None
