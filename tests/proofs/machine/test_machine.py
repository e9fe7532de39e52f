"""The real flows under an enemy that Hypothesis plays: it repeats, shuffles, loses and delays, and kills whom it likes.

After every step all promises hold; when the enemy rests, everything comes to an end, and the last acknowledged request of
every image is what is shown.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from faust_app.core.messages.events import Op
from tests.proofs.machine.jumping_loop import JumpingLoop
from tests.proofs.machine.world import WEB, WORKERS, World

IMAGES = ("a", "a", "b")
SOURCES = ("answers", "answers", "fails once", "fails twice", "fails twice", "fails always", "is gone", "is gone later", "is gone later")
MOST = 6
"""Requests of a run: with more, most events are only superseded."""
MOST_RUNS = 2
"""Republishes of a run."""
MANY = 10_000
"""An index is drawn up to this and taken modulo what there is, so that a run stays valid when it is shortened."""

indices = st.integers(0, MANY)
workers = st.sampled_from(WORKERS)
images = st.sampled_from(IMAGES)


class Machine(RuleBasedStateMachine):
    """The enemy's moves. Answers that get lost are few, so that no event meets three in a row, which would be a bug's sign."""

    outcomes: ClassVar[set[str]] = set()
    """Every outcome that any run came to."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(JumpingLoop())
        self.world.loop.run_until_complete(_nothing())
        self.faults = {"answer of the database": 2, "answer of Kafka": 2, "late PUT": 2}

    @precondition(lambda self: self.world.asked < MOST)
    @rule(image=images, picture=st.integers(0, 1), source=st.sampled_from(SOURCES), seconds=st.sampled_from([0.0, 0.0, 10.0]))
    def somebody_puts(self, image: str, picture: int, source: str, seconds: float) -> None:
        self.world.ask(image, Op.REGISTER, picture=picture, source=source, seconds=seconds)

    @precondition(lambda self: 0 < self.world.asked < MOST)
    @rule(image=images)
    def somebody_deletes(self, image: str) -> None:
        self.world.ask(image, Op.DELETE, picture=0, source="answers", seconds=0.0)

    @precondition(lambda self: 0 < self.world.asked < MOST)
    @rule(image=images)
    def somebody_asks_for_the_same_again(self, image: str) -> None:
        self.world.ask_again(image)

    @rule(worker=workers, turns=st.integers(1, 25))
    def life_goes_on(self, worker: str, turns: int) -> None:
        """What is due is published, what is published is delivered in its order, and everybody does some steps."""
        self.world.run(worker, self.world.processes[worker].due.run_pass())
        for place in self.world.unacked():
            self.world.deliver(worker, place)
        self.world.turn(turns)

    @precondition(lambda self: self.world.published())
    @rule(worker=workers, index=indices, again=st.booleans(), defer=st.sampled_from([None, None, 30.0]), turns=st.integers(0, 6))
    def an_event_is_delivered_out_of_turn(self, worker: str, index: int, again: bool, defer: float | None, turns: int) -> None:  # noqa: FBT001
        places = self.world.published() if again else self.world.unacked()
        if places:
            self.world.deliver(worker, places[index % len(places)], defer=defer)
            self.world.turn(turns)

    @precondition(lambda self: self.world.unacked() and self.world.forgotten < 2)
    @rule(index=indices)
    def an_event_is_lost(self, index: int) -> None:
        places = self.world.unacked()
        self.world.forget(places[index % len(places)])

    @precondition(lambda self: self.world.flying)
    @rule(index=indices)
    def a_running_event_is_handed_over(self, index: int) -> None:
        self.world.ack_early(index % len(self.world.flying))

    @rule(turns=st.integers(1, 12))
    def everybody_goes_on(self, turns: int) -> None:
        self.world.turn(turns)

    @rule(seconds=st.sampled_from([1.0, 11.0, 25.0, 61.0, 301.0, 3700.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.sleep(seconds)

    @rule(seconds=st.sampled_from([11.0, 25.0, 61.0]))
    def everybody_is_slow(self, seconds: float) -> None:
        """Time passes in the database, in the middle of whatever is under way: leases run out in somebody's hands."""
        self.world.rows.advance += timedelta(seconds=seconds)

    @rule(task=st.sampled_from(["due", "due", "rescue", "collector", "audit", "sources"]), worker=workers, turns=st.integers(0, 6))
    def a_task_passes(self, task: str, worker: str, turns: int) -> None:
        world, harness = self.world, self.world.processes[worker]
        passes: dict[str, Callable[[], Any]] = {
            "due": harness.due.run_pass,
            "rescue": world.rescue.run_pass,
            "collector": world.collector.run_pass,
            "audit": world.audit.run_part,
            "sources": harness.sources.run_pass,
        }
        world.run(worker, passes[task]())
        world.turn(turns)

    @precondition(lambda self: self.world.has_finished() and len(self.world.republish.runs) < MOST_RUNS)
    @rule(
        include_good=st.sampled_from([True, True, False]),
        seconds=st.sampled_from([1.5, 4.0]),
        undone_after=st.sampled_from([None, None, None, 0, 3]),
    )
    def an_operator_republishes(self, include_good: bool, seconds: float, undone_after: int | None) -> None:  # noqa: FBT001 - drawn
        self.world.republish_all(include_good=include_good, passes=3)
        self.world.sleep(seconds)
        if undone_after is not None:
            self.life_goes_on(WORKERS[0], undone_after)
            self.world.take_back()
            self.world.turn(undone_after)

    @precondition(lambda self: self.world.has_good() and len(self.world.republish.runs) < MOST_RUNS)
    @rule(turns=st.integers(0, 25))
    def good_images_are_republished_whose_pictures_are_gone(self, turns: int) -> None:
        self.world.sources.remove_all()
        self.world.republish_all(include_good=True, passes=3)
        self.world.sleep(4.0)
        self.life_goes_on(WORKERS[0], turns)

    @precondition(lambda self: self.world.republish.runs)
    @rule(turns=st.integers(0, 6))
    def an_operator_takes_it_back(self, turns: int) -> None:
        self.world.take_back()
        self.world.turn(turns)

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
            self.outcomes.update(entry.outcome for entry in self.world.rows.entries)
        finally:
            self.world.close()


async def _nothing() -> None:
    """Run the loop once."""


def test_whatever_the_enemy_does_every_promise_holds_and_everything_comes_to_its_end() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=500, stateful_step_count=50, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert {"stored", "deleted", "retry", "failed", "rescued", "republished", "taken_back", "refetch_failed"} <= Machine.outcomes, (
        "the enemy met everything"
    )
