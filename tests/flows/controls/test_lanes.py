"""Pausing a lane: what is refused, what a process knows, and when a pause is over."""

from datetime import datetime, timedelta

import pytest

from faust_app.core.dispatch.lanes import Lane
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.operators.audit import Actor
from faust_app.flows.controls.lane_desk import LaneDesk, PauseRefusedError
from faust_app.flows.controls.lane_pauses import LanePauses
from tests.fakes.controls import FakeControls

NOW = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - UTC, as everywhere
ADA = Actor("ada")


class Fixed:
    def __init__(self) -> None:
        self.at = NOW

    async def now(self) -> datetime:
        return self.at


class Lanes:
    """An operator's desk, and a process that reads what is set there."""

    def __init__(self) -> None:
        self.controls, self.clock, self.changes = FakeControls(), Fixed(), 0
        self.desk = LaneDesk(self.controls, clock=self.clock)
        self.process = LanePauses(
            self.controls, {"t.bulk": Lane.BULK, "t.retry": Lane.RETRY}, now=lambda: self.clock.at, changed=self.changed
        )

    def changed(self) -> None:
        self.changes += 1


async def test_a_process_knows_a_pause_with_its_next_look_and_tells_of_it_once() -> None:
    lanes = Lanes()
    await lanes.process.read_first()
    await lanes.desk.pause(Lane.BULK, "a source is down", None, ADA)
    assert (lanes.process.is_paused("t.bulk"), lanes.changes) == (False, 1)
    await lanes.process.run_pass()
    await lanes.process.run_pass()
    assert (lanes.process.is_paused("t.bulk"), lanes.process.is_paused("t.retry"), lanes.process.is_paused("other")) == (True, False, False)
    assert lanes.process.reasons() == ["the lane bulk is paused by ada: a source is down"]
    assert lanes.changes == 2
    await lanes.desk.resume(Lane.BULK, ADA)
    await lanes.process.run_pass()
    assert (lanes.process.is_paused("t.bulk"), lanes.process.reasons(), lanes.changes) == (False, [], 3)


async def test_until_the_first_read_every_lane_counts_as_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = Lanes()
    await lanes.desk.pause(Lane.BULK, "a source is down", None, ADA)

    async def unavailable() -> None:
        raise Unavailable(Dependency.DATABASE, "gone")

    with monkeypatch.context() as gone:
        gone.setattr(lanes.controls, "pauses", unavailable)
        await lanes.process.read_first()
    assert [lanes.process.is_paused(topic) for topic in ("t.bulk", "t.retry", "other")] == [True, True, False]
    (reason,) = lanes.process.reasons()
    assert ("not known" in reason, lanes.changes) == (True, 0)
    await lanes.process.run_pass()
    assert [lanes.process.is_paused(topic) for topic in ("t.bulk", "t.retry")] == [True, False]
    assert lanes.changes == 1, "what waited for the first read is released"


async def test_a_pause_with_an_end_is_over_by_itself() -> None:
    lanes = Lanes()
    await lanes.desk.pause(Lane.BULK, "for an hour", timedelta(hours=1), ADA)
    await lanes.process.run_pass()
    assert lanes.process.reasons() == ["the lane bulk is paused by ada until 2026-03-01 13:00 UTC: for an hour"]
    lanes.clock.at += timedelta(hours=1)
    assert await lanes.desk.pauses() == {}
    await lanes.process.run_pass()
    assert not lanes.process.is_paused("t.bulk")


async def test_while_the_database_does_not_answer_the_last_pauses_hold_on(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = Lanes()
    await lanes.desk.pause(Lane.RETRY, "wait", None, ADA)
    await lanes.process.run_pass()

    async def unavailable() -> None:
        raise Unavailable(Dependency.DATABASE, "gone")

    monkeypatch.setattr(lanes.controls, "pauses", unavailable)
    with pytest.raises(Unavailable):
        await lanes.process.run_pass()
    assert lanes.process.is_paused("t.retry")


@pytest.mark.parametrize(
    ("reason", "lasts", "field"),
    [
        (" ", None, "reason"),
        ("x" * 201, None, "reason"),
        ("two\nlines", None, "reason"),
        ("fine", timedelta(0), "for"),
        ("fine", timedelta(hours=-1), "for"),
        ("fine", timedelta(days=7, seconds=1), "for"),
    ],
)
async def test_a_pause_without_a_reason_or_beyond_what_kafka_keeps_is_refused(reason: str, lasts: timedelta | None, field: str) -> None:
    lanes = Lanes()
    with pytest.raises(PauseRefusedError) as refused:
        await lanes.desk.pause(Lane.BULK, reason, lasts, ADA)
    assert (refused.value.field, lanes.controls.set, lanes.controls.audit) == (field, {}, [])


async def test_each_change_is_audited_with_its_reason() -> None:
    lanes = Lanes()
    await lanes.desk.pause(Lane.BULK, "why", timedelta(minutes=5), ADA)
    assert not await lanes.desk.resume(Lane.RETRY, ADA)
    await lanes.desk.resume(Lane.BULK, ADA)
    assert [(each.action, each.target, dict(each.detail)) for each in lanes.controls.audit] == [
        ("lane.pause", "bulk", {"reason": "why", "seconds": 300}),
        ("lane.resume", "bulk", {}),
    ]
