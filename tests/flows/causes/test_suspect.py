"""A release that fails every tenth good image: suspected, told, decided and over, on a clock of the test's own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.causes.suspicion import GONE, NEW_FOR, OUTCOMES_BEFORE, Outcomes, Verdict
from faust_app.flows.causes.suspect import MEASURED_EVERY, SuspectReleases
from tests.factories import NOW
from tests.fakes.alerts import FakeAlerts
from tests.fakes.causes import FakeOutcomeCounts, FakeSuspicions
from tests.fakes.clock import FakeClock

HOUR = timedelta(hours=1)
FAULT = (FaultKind.SUSPECTED_OURS, "truncated")


class Harness:
    def __init__(self) -> None:
        self.now = NOW
        self.counts, self.suspicions, self.alerts = FakeOutcomeCounts(), FakeSuspicions(), FakeAlerts()
        self.suspect = SuspectReleases(self.counts, self.suspicions, self.alerts, clock=FakeClock(lambda: self.now))
        self.counts.add(NOW - timedelta(days=1), "1.0", 50_000)

    def fail(self, release: str, *, good: int = 2700, each: int = 10) -> None:
        self.counts.add(self.now, release, good, "truncated", **{f"h{n}": each for n in range(30)})

    async def run(self, after: timedelta = timedelta(0)) -> int:
        self.now += after
        return await self.suspect.run_pass()


@pytest.fixture
def harness() -> Harness:
    return Harness()


async def test_a_bad_release_is_one_fault_for_all_hosts_told_with_its_numbers(harness: Harness) -> None:
    assert await harness.run() == 0
    harness.fail("1.1")
    assert await harness.run() == 1
    assert await harness.run() == 1
    assert harness.alerts.words == [("open", *FAULT)]
    detail = harness.alerts.faults[FAULT].detail
    assert "release 1.1" in detail
    assert "300 images of 30 hosts" in detail
    assert harness.alerts.faults[FAULT].fingerprint == "fault.suspected_ours:truncated@-"


@pytest.mark.parametrize("verdict", Verdict)
async def test_a_persons_word_ends_the_suspicion_for_good(harness: Harness, verdict: Verdict) -> None:
    harness.fail("1.1")
    await harness.run()
    harness.suspicions.decide("truncated", verdict, "ada", harness.now)
    assert await harness.run() == 0
    harness.fail("1.1")
    assert await harness.run(HOUR) == 0
    assert harness.alerts.words == [("open", *FAULT), ("close", *FAULT)]
    assert (await harness.suspicions.blame()).is_ours("truncated@h1", "1.1") is (verdict is Verdict.OURS)


async def test_a_rollback_ends_it_and_the_failures_of_then_stay_ours(harness: Harness) -> None:
    harness.fail("1.1")
    await harness.run()
    harness.now += GONE
    harness.counts.add(harness.now, "1.0", 100)
    assert await harness.run() == 0
    assert harness.alerts.faults == {}
    assert (await harness.suspicions.blame()).is_ours("truncated@h1", "1.1")
    assert not (await harness.suspicions.blame()).is_ours_now("truncated@h1")


async def test_a_next_release_as_bad_is_measured_by_the_one_before_both(harness: Harness) -> None:
    harness.fail("1.1", good=27_000, each=100)
    await harness.run()
    harness.now += GONE
    harness.fail("1.2")
    assert await harness.run() == 1
    assert {key for key, each in harness.suspicions.rows.items() if each.ended_at is None} == {("truncated", "1.2")}


async def test_a_share_that_falls_again_ends_it_and_one_that_returns_opens_it_again(harness: Harness) -> None:
    harness.fail("1.1")
    await harness.run()
    harness.now += 3 * HOUR
    harness.counts.add(harness.now, "1.1", 500)
    assert await harness.run() == 0
    harness.fail("1.1")
    assert await harness.run() == 1
    assert [word for word, *_ in harness.alerts.words] == ["open", "close", "open"]


async def test_a_release_that_is_old_is_not_suspected(harness: Harness) -> None:
    harness.counts.add(harness.now, "1.1", 5000)
    harness.now += NEW_FOR
    harness.fail("1.1")
    assert await harness.run() == 0


async def test_a_process_that_lost_the_lease_withdraws_its_report(harness: Harness) -> None:
    harness.fail("1.1")
    await harness.run()
    harness.suspect.stand_down()
    assert harness.alerts.faults == {}
    assert all(replace(each, ended_at=None) == each for each in harness.suspicions.rows.values()), "only the report is withdrawn"


async def test_what_was_before_is_read_now_and_then(harness: Harness) -> None:
    read = list[tuple[str, ...]]()
    of = harness.counts.of

    async def counted(releases: Sequence[str], since: datetime) -> Outcomes:
        read.append(tuple(releases))
        return await of(releases, since)

    harness.counts.of = counted  # type: ignore[method-assign]
    harness.counts.add(harness.now, "1.1", 10)
    for _ in range(4):
        await harness.run(MEASURED_EVERY / 4)
        harness.counts.add(harness.now, "1.1", 10)
    assert read.count(("1.0",)) == 1
    await harness.run(MEASURED_EVERY / 4)
    assert read.count(("1.0",)) == 2


async def test_while_too_little_is_known_of_what_was_before_it_is_read_each_time() -> None:
    harness = Harness()
    harness.counts.ended = [(NOW - HOUR, "1.0", "", "", OUTCOMES_BEFORE - 1)]
    harness.fail("1.1")
    assert await harness.run() == 0
    harness.counts.add(harness.now, "1.0", 1)
    assert await harness.run() == 1
