"""Who says that our network is down, who may be tried meanwhile, and that a good source is served whatever the dead ones do."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faust_app.core.breaker import Tally
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.turns.turns import Turns
from faust_app.core.failure import FailureCode
from faust_app.core.sources.egress import EVIDENCE_FETCHES, EVIDENCE_HOSTS, EVIDENCE_SHOPS, PROBE_HOSTS, Egress, network_is_silent
from faust_app.core.sources.egress_hosts import PROBE_TARGETS, egress_probe_delay
from faust_app.core.sources.egress_trials import SILENT_TRIALS, TRIALS
from faust_app.core.sources.health import (
    RecordKey,
    Source,
    SourceAnswer,
    SourceFailure,
    SourceRecord,
    after_answer,
    after_claim,
    after_failure,
    deferral,
)
from tests.factories import NOW


def met(egress: Egress, hosts: int, *, now: float = 0.0) -> list[Source]:
    """Record answers of so many hosts, each of a shop of its own."""
    sources = [(shop, f"h{shop}") for shop in range(1, hosts + 1)]
    for source in sources:
        egress.answered(source, f"http://{source[1]}/", now)
    return sources


@pytest.mark.parametrize(
    ("calls", "bad", "hosts", "shops", "silent"),
    [(20, 10, 5, 5, True), (20, 10, 4, 5, False), (20, 10, 5, 4, False), (20, 9, 9, 9, False), (19, 19, 9, 9, False)],
)
def test_our_network_is_silent_only_when_many_hosts_of_many_shops_are(
    calls: int, bad: int, hosts: int, shops: int, *, silent: bool
) -> None:
    assert network_is_silent(Tally(calls, bad), hosts, shops) is silent


def test_hosts_that_answered_lately_and_fell_silent_all_at_once_are_evidence() -> None:
    egress = Egress()
    sources = met(egress, EVIDENCE_HOSTS)
    said = [egress.fell_silent(source, 20.0) for source in sources * 4]
    assert said == [False] * (EVIDENCE_FETCHES - 1) + [True]


@pytest.mark.parametrize("host_of", [lambda n: f"new{n}", lambda _: "h1"], ids=["hosts never met", "one host"])
def test_hosts_that_never_answered_and_one_host_alone_are_none(host_of: Callable[[int], str]) -> None:
    egress = Egress()
    met(egress, 1)
    assert not any(egress.fell_silent((n, host_of(n)), 20.0) for n in range(200))


def test_hosts_of_too_few_shops_are_none() -> None:
    egress = Egress()
    for n in range(20):
        egress.answered((n % (EVIDENCE_SHOPS - 1), f"h{n}"), f"http://h{n}/", 0.0)
    assert not any(egress.fell_silent((n % (EVIDENCE_SHOPS - 1), f"h{n % 20}"), 20.0) for n in range(200))


def test_while_others_are_answered_few_silent_ones_are_none() -> None:
    egress = Egress()
    sources = met(egress, 10)
    for second in range(5):
        for source in sources[:5]:
            assert not egress.fell_silent(source, 20.0 + second)
            egress.answered(sources[9], "http://h10/", 20.0 + second)
            egress.answered(sources[8], "http://h9/", 20.0 + second)


def opened(hosts: int = EVIDENCE_HOSTS) -> tuple[Egress, list[Source]]:
    egress = Egress()
    sources = met(egress, hosts)
    for source in sources[:EVIDENCE_HOSTS] * 4:
        egress.fell_silent(source, 20.0)
    assert egress.is_open
    return egress, sources


def test_the_first_answer_of_anybody_ends_it() -> None:
    egress, _ = opened()
    assert egress.answered((99, "new"), "http://new/", 21.0)
    assert not egress.is_open
    assert egress.was_down_since(20.5)
    assert egress.was_down_since(21.0), "in the same tick of the clock"
    assert not egress.was_down_since(21.001)


def test_a_few_events_of_other_hosts_are_tried_at_once_and_one_of_those_that_fell_silent() -> None:
    egress, sources = opened()
    admitted = []
    for host in [f"new{n}" for n in range(10)] + [host for _, host in sources]:
        if egress.admits(host, 21.0):
            egress.started(host, 21.0)
            admitted.append(host)
    assert admitted == [f"new{n}" for n in range(TRIALS)] + ["h1"] * SILENT_TRIALS
    egress.ended("new0")
    assert not egress.admits("new0", 22.0)
    assert egress.admits("new5", 22.0)
    assert egress.admits("new0", 27.0)
    assert egress.admits("", 22.0), "what needs no network goes on"


def test_the_probe_asks_several_shops_the_newly_silent_ones_and_everybody_in_turn() -> None:
    egress, _ = opened(12)
    first = egress.targets()
    assert len(first) == PROBE_TARGETS
    assert not {f"http://h{n}/" for n in range(1, 6)} & set(first)
    assert len({*first, *egress.targets()}) == 12
    assert egress.probe_delay() == 1.0
    egress.targets()
    assert egress.probe_delay() == 2.0
    shared = Egress()
    for n in range(20):
        shared.answered((1, f"a{n}"), f"http://a{n}/", 0.0)
    shared.answered((2, "b"), "http://b/", 0.0)
    shared.answered((1, "c"), "http://c/", 0.0)
    assert "http://b/" in shared.targets()[:2]


def test_probes_come_after_a_second_doubling_to_half_a_minute() -> None:
    assert [egress_probe_delay(n) for n in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_who_was_silent_while_another_answered_is_no_evidence_until_it_answers_itself() -> None:
    egress, sources = opened()
    egress.answered((99, "new"), "http://new/", 21.0)
    assert not any(egress.fell_silent(source, 22.0) for source in sources * 8)
    assert len(egress.targets()) == len(sources) + 1, "it is still asked: an outage may come back"
    for source in sources:
        egress.answered(source, f"http://{source[1]}/", 40.0)
    assert any(egress.fell_silent(source, 60.0) for source in sources * 8)


def test_what_the_database_knows_of_answers_counts_like_ones_own() -> None:
    egress = Egress()
    for n in range(PROBE_HOSTS):
        egress.remember(f"h{n}", f"http://h{n}/", n, -3600.0)
    egress.remember("old", "http://old/", 9, -100 * 3600.0)
    assert sorted(egress.targets()) == [f"http://h{n}/" for n in range(PROBE_HOSTS)]


# A good source is served, whatever the dead ones do

SLOTS = 16
CONNECT = 3.0
BOUND = 20.0
"""Seconds in which a good image is served: the dead hosts of the worst mix have their turn before it."""
KINDS = {"refuses": 0.01, "is not known": 0.01, "swallows": CONNECT, "good": 0.1}


@dataclass
class Host:
    kind: str
    shop: int
    images: int
    met: bool
    arrives: float


@dataclass
class Worker:
    """The rules of a worker, with a clock of its own: what they admit is fetched, and what comes of it is told them."""

    hosts: dict[str, Host]
    pace: SourcePace = field(default_factory=lambda: SourcePace(SLOTS))
    records: dict[RecordKey, SourceRecord] = field(default_factory=dict)
    queues: Turns[tuple[str, float]] = field(default_factory=lambda: Turns(quantum=0))
    running: int = 0
    now: float = 0.0
    waits: list[float] = field(default_factory=list)
    probing_until: float = 0.0

    def __post_init__(self) -> None:
        self.later: list[tuple[float, int, Callable[[], None]]] = []
        self.numbers = itertools.count()
        for name, host in self.hosts.items():
            if host.met:
                self.pace.egress.remember(name, name, host.shop, -60.0)
            for _ in range(host.images):
                self.at(host.arrives, lambda name=name, host=host: self.arrives(name, host.arrives))  # type: ignore[misc]

    def at(self, time: float, step: Callable[[], None]) -> None:
        heapq.heappush(self.later, (time, next(self.numbers), step))

    def run(self, until: float) -> None:
        for second in range(int(until)):
            self.at(float(second), self.start)
        while self.later and self.later[0][0] <= until:
            self.now, _, step = heapq.heappop(self.later)
            step()

    def source(self, name: str) -> Source:
        return self.hosts[name].shop, name

    def arrives(self, name: str, since: float) -> None:
        self.queues.push(self.source(name), (name, since))
        self.pace.arrived(self.source(name))
        self.start()

    def start(self) -> None:
        self.queues.all_freed()
        while self.running < SLOTS:
            taken = self.queues.take(lambda _: True, lambda source: self.pace.bounds.has_slot(source, self.now), lambda _: 0.0)
            if taken is None:
                return
            self.begin(*taken[1])

    def begin(self, name: str, since: float) -> None:
        source, began = self.source(name), self.now
        self.running += 1
        self.pace.started(source, began)
        record = deferral(self.records, source)
        claimed = after_claim(record, self.clock) if record else None
        if record is not None and claimed is None:
            self.at(self.now, lambda: self.end(name, began))
            return
        if claimed is not None:
            self.records[claimed.key] = claimed
        self.pace.fetching(source, began)
        self.at(began + KINDS[self.hosts[name].kind], lambda: self.fetched(name, began, since))

    def fetched(self, name: str, began: float, since: float) -> None:
        source, kind = self.source(name), self.hosts[name].kind
        self.pace.fetched(source, began, self.now)
        if kind == "good":
            self.waits.append(self.now - since)
            self.pace.answered(name)
            self.pace.egress.answered(source, name, self.now)
            answer = SourceAnswer(source, name, self.clock)
            self.records |= {record.key: record for record in after_answer(self.records, answer)}
            self.end(name, began)
        elif kind == "swallows":
            self.doubt(name, began, since)
        else:
            self.fail(name, began)

    def doubt(self, name: str, began: float, since: float) -> None:
        """Do what `flows.resilience.egress` does, with its waits."""
        egress = self.pace.egress
        if egress.was_down_since(began) or egress.fell_silent(self.source(name), self.now):
            self.opened()
            self.returned(name, began, since)
        elif egress.was_heard(self.now):
            self.fail(name, began)
        else:
            targets = egress.targets(apart_from=name)
            seconds = 0.01 if self.anybody(targets[:2]) else CONNECT * (1 if self.anybody(targets[2:]) else 2)
            self.probing_until = max(self.probing_until, self.now + seconds)
            self.at(self.probing_until, lambda: self.doubted(name, began, since, targets))

    def doubted(self, name: str, began: float, since: float, targets: list[str]) -> None:
        egress = self.pace.egress
        if self.anybody(targets):
            egress.heard(self.now)
        elif len(targets) >= PROBE_HOSTS and not egress.is_open and not egress.was_heard(self.now):
            egress.open()
        if egress.was_down_since(began):
            self.opened()
            self.returned(name, began, since)
        else:
            self.fail(name, began)

    def opened(self) -> None:
        if self.pace.egress.is_open:
            self.at(self.now + self.pace.egress.probe_delay(), self.probe)

    def probe(self) -> None:
        egress = self.pace.egress
        if not egress.is_open:
            return
        if self.anybody(egress.targets()):
            egress.heard(self.now)
            self.start()
        else:
            self.at(self.now + CONNECT + egress.probe_delay(), self.probe)

    def anybody(self, names: list[str]) -> bool:
        return any(self.hosts[name].kind in {"good", "refuses"} for name in names)

    def fail(self, name: str, began: float) -> None:
        code = FailureCode.SOURCE_UNKNOWN_HOST if self.hosts[name].kind == "is not known" else FailureCode.SOURCE_UNREACHABLE
        self.pace.failed(name)
        failure = SourceFailure(self.source(name), code)
        self.records |= {record.key: record for record in after_failure(self.records, failure, self.clock)}
        self.end(name, began)

    def returned(self, name: str, began: float, since: float) -> None:
        self.queues.push(self.source(name), (name, since), front=True)
        self.pace.arrived(self.source(name))
        self.end(name, began)

    def end(self, name: str, began: float) -> None:
        self.running -= 1
        self.pace.ended(self.source(name), began)
        self.start()

    @property
    def clock(self) -> datetime:
        """The database's time."""
        return NOW + timedelta(seconds=self.now)


dead = st.builds(
    Host,
    kind=st.sampled_from(["refuses", "is not known", "swallows"]),
    shop=st.integers(1, 40),
    images=st.integers(1, 10),
    met=st.booleans(),
    arrives=st.floats(0, 20),
)
good = st.builds(Host, kind=st.just("good"), shop=st.integers(1, 60), images=st.integers(1, 5), met=st.booleans(), arrives=st.floats(0, 60))


@settings(max_examples=150, deadline=None)
@given(st.lists(dead, max_size=30), st.lists(good, min_size=1, max_size=6))
@example([Host("is not known", n, 6, met=False, arrives=0.0) for n in range(6)], [Host("good", 99, 1, met=False, arrives=30.0)])
@example([Host("swallows", n, 10, met=True, arrives=0.0) for n in range(30)], [Host("good", 99, 5, met=False, arrives=10.0)])
@example([Host("swallows", n, 10, met=False, arrives=0.0) for n in range(30)], [Host("good", 99, 5, met=False, arrives=0.0)])
def test_whatever_the_mix_of_dead_and_good_sources_a_good_one_is_served_within_the_bound(dead: list[Host], good: list[Host]) -> None:
    worker = Worker({f"{each.kind}-{n}": each for n, each in enumerate([*dead, *good])})
    worker.run(60 + BOUND + 1)
    assert len(worker.waits) == sum(each.images for each in good)
    assert max(worker.waits) <= BOUND
    assert not worker.pace.egress.is_open
