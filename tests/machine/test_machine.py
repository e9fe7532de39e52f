"""The real flows under an enemy that Hypothesis plays: it repeats, shuffles, loses and delays, and kills whom it likes.

After every step all promises hold; when the enemy rests, everything comes to an end, and the last acknowledged request of
every image is what is shown.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from faust_app.core.events import Op
from tests.machine.jumping_loop import JumpingLoop
from tests.machine.world import WEB, WORKERS, World

IMAGES = ("a", "b")
SOURCES = ("answers", "answers", "fails once", "fails twice", "fails always", "is gone")
MANY = 10_000
"""An index is drawn up to this and taken modulo what there is, so that a run stays valid when it is shortened."""

indices = st.integers(0, MANY)
workers = st.sampled_from(WORKERS)
images = st.sampled_from(IMAGES)


class Machine(RuleBasedStateMachine):
    """The enemy's moves. Answers that get lost are few, so that no event meets three in a row, which would be a bug's sign."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(JumpingLoop())
        self.world.loop.run_until_complete(_nothing())
        self.faults = {"answer of the database": 2, "answer of Kafka": 2, "late PUT": 2}

    @rule(image=images, picture=st.integers(0, 1), source=st.sampled_from(SOURCES), seconds=st.sampled_from([0.0, 0.0, 10.0]))
    def somebody_puts(self, image: str, picture: int, source: str, seconds: float) -> None:
        self.world.ask(image, Op.REGISTER, picture=picture, source=source, seconds=seconds)

    @rule(image=images)
    def somebody_deletes(self, image: str) -> None:
        self.world.ask(image, Op.DELETE, picture=0, source="answers", seconds=0.0)

    @rule(image=images)
    def somebody_asks_for_the_same_again(self, image: str) -> None:
        self.world.ask_again(image)

    @precondition(lambda self: self.world.unacked())
    @rule(worker=workers, index=indices)
    def an_event_is_delivered(self, worker: str, index: int) -> None:
        self._deliver(worker, self.world.unacked(), index)

    @precondition(lambda self: self.world.published())
    @rule(worker=workers, index=indices)
    def an_event_is_delivered_once_more(self, worker: str, index: int) -> None:
        self._deliver(worker, self.world.published(), index)

    @precondition(lambda self: self.world.unacked())
    @rule(worker=workers, index=indices)
    def an_event_is_put_off(self, worker: str, index: int) -> None:
        self._deliver(worker, self.world.unacked(), index, put_off=30.0)

    @precondition(lambda self: self.world.unacked() and self.world.forgotten < 2)
    @rule(index=indices)
    def an_event_is_lost(self, index: int) -> None:
        places = self.world.unacked()
        self.world.forget(places[index % len(places)])

    @precondition(lambda self: self.world.flying)
    @rule(index=indices)
    def a_running_event_is_handed_over(self, index: int) -> None:
        self.world.hand_over(index % len(self.world.flying))

    @rule(turns=st.integers(1, 12))
    def everybody_goes_on(self, turns: int) -> None:
        self.world.turn(turns)

    @rule(seconds=st.sampled_from([1.0, 11.0, 25.0, 61.0, 301.0, 3700.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.sleep(seconds)

    @rule(worker=workers)
    def the_due_publisher_passes(self, worker: str) -> None:
        self.world.run(worker, self.world.processes[worker].due.run_pass())

    @rule(worker=workers)
    def sources_are_looked_after(self, worker: str) -> None:
        self.world.run(worker, self.world.processes[worker].sources.run_pass())

    @rule(duty=st.sampled_from(["rescue", "collector", "audit"]), worker=workers)
    def a_duty_passes(self, duty: str, worker: str) -> None:
        world = self.world
        passes: dict[str, Callable[[], Any]] = {
            "rescue": world.rescue.run_pass,
            "collector": world.collector.run_pass,
            "audit": world.audit.run_part,
        }
        world.run(worker, passes[duty]())

    @rule(name=st.sampled_from((*WORKERS, WEB)))
    def a_process_is_killed(self, name: str) -> None:
        self.world.kill(name)

    @rule(fault=st.sampled_from(["answer of the database", "answer of Kafka", "late PUT"]))
    def an_answer_gets_lost(self, fault: str) -> None:
        if not self.faults[fault]:
            return
        self.faults[fault] -= 1
        self.world.rows.lost_answers += fault == "answer of the database"
        self.world.log.lost_answers += fault == "answer of Kafka"
        self.world.store.late_puts += fault == "late PUT"

    @precondition(lambda self: self.world.store.under_way)
    @rule(index=indices)
    def a_late_put_lands(self, index: int) -> None:
        self.world.store.land(index % len(self.world.store.under_way))

    @invariant()
    def every_promise_holds(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        try:
            self.world.calm_down()
        finally:
            self.world.close()

    def _deliver(self, worker: str, places: list[tuple[str, int]], index: int, **how: Any) -> None:
        self.world.deliver(worker, places[index % len(places)], **how)


async def _nothing() -> None:
    """Let the loop run once."""


def test_whatever_the_enemy_does_every_promise_holds_and_everything_comes_to_its_end() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=100, stateful_step_count=40, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
