"""The model's intake and publishers: a request becomes a version, a version an event with a position."""

from typing import Any

from faust_app.core.images.request_rules import Accepted
from faust_app.core.images.routing import lane_of, route_of
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.images.transitions.publish import leased
from faust_app.core.messages.events import Op
from faust_app.core.messages.positions import Position
from tests.factories import make_request
from tests.proofs.model.state import EPOCH, IDLE, KEY_AS_SENT, LOGS, TOPICS, Actor, Acts, Decided, State, Steps, acts_in, after_number


class Publishers(Decided):
    """Accept, claim, publish, place, and die in between."""

    def _asks(self, state: State) -> Steps:
        if state.asked == len(self._scope.requests):
            return
        row = self._number(self._accepted(self._row(state), state.asked, self._fresh(state)))
        after = state._replace(row=row, asked=state.asked + 1)
        label = f"{self._scope.requests[state.asked].value} is accepted"
        if IDLE in state.publishers:
            yield label, acts_in(after, "publishers", state.publishers.index(IDLE), ("claimed", row)), None
        else:
            yield f"{label}, and its intake dies", after, None

    def _accepted(self, row: ImageRow, asked: int, number: int) -> ImageRow:
        op = self._scope.requests[asked]
        values: dict[str, Any] = {} if op is Op.DELETE else {"source_url": f"http://source.test/{asked}"}
        request = make_request(*KEY_AS_SENT, op=op, **values)
        decision = self._guards.accept(row, request, requested_at=EPOCH, now=EPOCH, lease=after_number(number))
        assert isinstance(decision, Accepted)
        return decision.row

    def _publishes(self, state: State, number: int, publisher: Actor) -> Steps:
        def acts(actor: Actor, **values: Any) -> State:
            return acts_in(state._replace(**values), "publishers", number, actor)

        match publisher:
            case ("",):
                row = self._row(state)
                if row.state is ImageState.IN_PROGRESS and row.scheduled_at is not None:
                    claimed = self._number(leased(row, EPOCH + after_number(self._fresh(state))))
                    yield "a due publisher claims", acts(("claimed", claimed), row=claimed), None
            case ("claimed", claim):
                yield from self._sends(state, claim, acts)
            case ("sent", claim, log, offset):
                yield from self._places(state, (claim, log, offset), acts)
        if publisher != IDLE and state.left.die:
            yield f"a publisher dies: {publisher[0]}", acts(IDLE, left=state.left.less("die")), None

    def _sends(self, state: State, claim: int, acts: Acts) -> Steps:
        row: ImageRow = self._values[claim]
        log = LOGS.index(route_of(row, TOPICS, lane_of(row, express=False)).topic)
        if len(state.logs[log]) < self._scope.depth:
            entry = (row.version, row.attempt)
            logs = tuple((*old, entry) if n == log else old for n, old in enumerate(state.logs))
            sent = ("sent", claim, log, len(state.logs[log]))
            yield f"{entry} is published at {LOGS[log]}@{sent[3]}", acts(sent, logs=logs), None

    def _places(self, state: State, sent: tuple[int, int, int], acts: Acts) -> Steps:
        claim, log, offset = sent
        after = self._guards.placed(self._row(state), self._values[claim], Position(LOGS[log], 0, offset))
        if after is None:
            yield f"position {LOGS[log]}@{offset} is refused", acts(IDLE), None
        else:
            yield f"position {LOGS[log]}@{offset} is written", acts(IDLE, row=self._number(after)), None
