"""What the self-check says of each thing, by what was found."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from faust_app.core.messages.topics import Topics
from faust_app.core.selfcheck.alerting import FoundAlerts, judge_alerts
from faust_app.core.selfcheck.bucket import Right, judge_bucket, told_apart
from faust_app.core.selfcheck.clocks import judge_clock
from faust_app.core.selfcheck.credentials import judge_ends, judge_first_ends
from faust_app.core.selfcheck.database import FoundDatabase, judge_database
from faust_app.core.selfcheck.finding import Finding, Verdict, error, ok, warning, worst
from faust_app.core.selfcheck.topics import Durability, FoundTopic, judge_durability, judge_topics
from faust_app.core.selfcheck.versions import kafka_protocol, tell_kafka, tell_storage

TOPICS = Topics.named("t.").all
SAFE = Durability(3, 2)
DATABASE = FoundDatabase("10.11.6-MariaDB-0+deb12u1", "0009", ("0008", "0009"), 16 * 1024 * 1024, 151, 20)
NOW = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - UTC, as everywhere


def as_set_up() -> dict[str, FoundTopic]:
    return {spec.name: FoundTopic(spec.partitions, 3, {**spec.config, "min.insync.replicas": "2"}) for spec in TOPICS}


def verdicts(findings: list[Finding]) -> set[Verdict]:
    return {finding.verdict for finding in findings}


def test_the_worst_line_decides() -> None:
    good, odd, bad = ok("a", "b"), warning("a", "b", "c"), error("a", "b", "c")
    assert worst([]) is Verdict.OK
    assert worst([good, odd, good]) is Verdict.WARNING
    assert worst([odd, bad, good]) is Verdict.ERROR


def test_topics_as_setup_creates_them_are_one_line() -> None:
    (finding,) = judge_topics(TOPICS, as_set_up(), SAFE)
    assert finding.verdict is Verdict.OK
    assert str(len(TOPICS)) in finding.found


@pytest.mark.parametrize(
    ("change", "verdict", "told"),
    [
        ({"partitions": 3}, Verdict.ERROR, "has 3 partitions, 12 are needed"),
        ({"partitions": 16}, Verdict.OK, ""),
        ({"partitions": 24}, Verdict.WARNING, "has 24 partitions"),
        ({"replicas": 1}, Verdict.WARNING, "has 1 replicas, TOPIC_REPLICATION=3"),
        ({"config": {}}, Verdict.ERROR, "message.timestamp.type=nothing"),
    ],
)
def test_a_topic_that_differs_is_named(change: dict[str, Any], verdict: Verdict, told: str) -> None:
    found = as_set_up()
    found["t.bulk"] = replace(found["t.bulk"], **change)
    (finding,) = judge_topics(TOPICS, found, SAFE)
    assert (finding.verdict, told in finding.found) == (verdict, True)
    assert finding.verdict is Verdict.OK or finding.subject == "topic t.bulk"


DAY_MS = 24 * 3600 * 1000


@pytest.mark.parametrize(
    ("topic", "retention", "verdict"),
    [
        ("t.dead-letter", 90 * DAY_MS, Verdict.OK),
        ("t.dead-letter", -1, Verdict.OK),
        ("t.dead-letter", 29 * DAY_MS, Verdict.ERROR),
        ("t.bulk", 44 * DAY_MS, Verdict.OK),
        ("t.bulk", 45 * DAY_MS, Verdict.WARNING),
        ("t.requests", -1, Verdict.WARNING),
    ],
)
def test_a_topic_may_keep_records_longer_unless_they_bring_deleted_images_back(topic: str, retention: int, verdict: Verdict) -> None:
    found = as_set_up()
    found[topic] = replace(found[topic], config={**(found[topic].config or {}), "retention.ms": str(retention)})
    (finding,) = judge_topics(TOPICS, found, SAFE)
    assert finding.verdict is verdict


def test_a_right_that_kafka_refuses_is_one_line_and_the_partitions_are_judged_all_the_same() -> None:
    found = {name: replace(each, config=None) for name, each in as_set_up().items()}
    (finding,) = judge_topics(TOPICS, found, SAFE)
    assert (finding.verdict, "DescribeConfigs" in finding.remedy) == (Verdict.WARNING, True)
    found["t.bulk"] = replace(found["t.bulk"], partitions=3)
    assert len(judge_topics(TOPICS, found, SAFE)) == 2


def test_a_missing_topic_names_the_setting_of_its_prefix() -> None:
    found = as_set_up()
    del found["t.retry"]
    (finding,) = judge_topics(TOPICS, found, SAFE)
    assert (finding.verdict, finding.subject) == (Verdict.ERROR, "topic t.retry")
    assert "TOPIC_PREFIX" in finding.remedy


@pytest.mark.parametrize(
    ("durability", "brokers", "verdict"),
    [
        (SAFE, 3, Verdict.OK),
        (SAFE, 2, Verdict.ERROR),
        (Durability(2, 3), 3, Verdict.ERROR),
        (Durability(3, 3), 3, Verdict.WARNING),
        (Durability(1, 1), 1, Verdict.WARNING),
    ],
)
def test_durability_is_judged_by_copies_and_brokers(durability: Durability, brokers: int, verdict: Verdict) -> None:
    assert verdicts(judge_durability(durability, brokers)) == {verdict}


@pytest.mark.parametrize(
    ("change", "subject", "verdict"),
    [
        ({}, "schema", Verdict.OK),
        ({"revision": None}, "schema", Verdict.ERROR),
        ({"revision": "0008"}, "schema", Verdict.ERROR),
        ({"revision": "0042"}, "schema", Verdict.WARNING),
        ({"version": "10.5.1-MariaDB"}, "database", Verdict.ERROR),
        ({"version": "8.0.36"}, "database", Verdict.WARNING),
        ({"version": "5.7.44-log"}, "database", Verdict.ERROR),
        ({"largest_packet": 1_048_576}, "database", Verdict.WARNING),
        ({"open_connections": 150}, "database", Verdict.WARNING),
    ],
)
def test_a_database_is_judged_by_schema_version_and_limits(change: dict[str, Any], subject: str, verdict: Verdict) -> None:
    findings = judge_database(replace(DATABASE, **change), 8)
    assert max((each for each in findings if each.subject == subject), key=lambda each: each.rank).verdict is verdict


@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [
        (0.0, Verdict.OK),
        (-2.0, Verdict.OK),
        (2.1, Verdict.WARNING),
        (-300.0, Verdict.WARNING),
        (301.0, Verdict.ERROR),
        (None, Verdict.WARNING),
    ],
)
def test_a_clock_is_judged_by_how_far_it_is_off(ahead: float | None, verdict: Verdict) -> None:
    assert judge_clock("storage", ahead).verdict is verdict


def test_each_right_that_is_refused_is_a_line_with_the_policy_to_grant() -> None:
    refused = {Right.DELETE: "Storage answered DeleteObjects with AccessDenied."}
    (finding,) = judge_bucket("pictures", refused)
    assert (finding.verdict, finding.subject) == (Verdict.ERROR, "bucket pictures")
    assert "AccessDenied" in finding.found
    assert finding.remedy == "grant s3:DeleteObject on S3_BUCKET to the access key"
    assert verdicts(judge_bucket("pictures", {})) == {Verdict.OK}


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ({Right.GET}, {Right.GET}),
        ({Right.PUT, Right.GET}, {Right.PUT, Right.GET}),
        ({Right.GET, Right.LIST}, {Right.GET, Right.LIST}),
        ({Right.PUT, Right.GET, Right.LIST}, {Right.PUT, Right.LIST}),
        (set(Right), {Right.PUT, Right.LIST, Right.DELETE}),
        (set(), set()),
    ],
)
def test_a_refused_get_is_told_unless_nothing_could_be_read(refused: set[Right], told: set[Right]) -> None:
    assert told_apart(dict.fromkeys(refused, "AccessDenied")).keys() == told


@pytest.mark.parametrize(
    ("produce", "fetch", "release"),
    [
        (13, 18, "4.1"),
        (14, 20, "4.1"),
        (12, 17, "4.0"),
        (11, 17, "3.9"),
        (11, 16, "3.8"),
        (10, 15, "3.5"),
        (9, 12, "2.7"),
        (8, 11, "older than 2.7"),
    ],
)
def test_kafka_is_known_by_the_newest_requests_that_it_speaks(produce: int, fetch: int, release: str) -> None:
    assert kafka_protocol({0: produce, 1: fetch, 3: 99}) == release


def test_versions_are_lines_that_judge_nothing() -> None:
    told = [tell_kafka({0: 12, 1: 17}), tell_kafka({0: 13, 1: 18}), tell_kafka({}), tell_storage("SeaweedFS 4.0"), tell_storage("")]
    assert verdicts(told) == {Verdict.OK}
    assert [each.found for each in told] == [
        "speaks the protocol of Kafka 4.0",
        "speaks the protocol of Kafka 4.1 or newer",
        "speaks the protocol of Kafka older than 2.7",
        "SeaweedFS 4.0",
        "does not name its product",
    ]


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (FoundAlerts(has_messenger=False, waiting=0, oldest_seconds=0), Verdict.WARNING),
        (FoundAlerts(has_messenger=True, waiting=0, oldest_seconds=0), Verdict.OK),
        (FoundAlerts(has_messenger=True, waiting=2, oldest_seconds=20), Verdict.OK),
        (FoundAlerts(has_messenger=True, waiting=2, oldest_seconds=301, last_error="404"), Verdict.ERROR),
    ],
)
def test_delivery_is_judged_by_what_waits(found: FoundAlerts, verdict: Verdict) -> None:
    assert verdicts(judge_alerts(found)) == {verdict}


@pytest.mark.parametrize(
    ("days", "verdict"), [(400, Verdict.OK), (21, Verdict.OK), (20, Verdict.WARNING), (0, Verdict.ERROR), (-3, Verdict.ERROR)]
)
def test_a_credential_is_judged_by_its_end(days: int, verdict: Verdict) -> None:
    assert verdicts(judge_ends({"token intake": NOW + timedelta(days=days), "CA": NOW + timedelta(days=900)}, NOW)) == {verdict}


def test_without_an_end_there_is_nothing_to_say_of_credentials() -> None:
    assert judge_ends({}, NOW) == []


def test_an_old_authority_beside_a_new_one_is_a_warning() -> None:
    ends = {"KAFKA_CA": NOW - timedelta(days=1), "S3_CA": NOW + timedelta(days=20), "REDIS_CA": NOW + timedelta(days=22)}
    findings = judge_first_ends(ends, NOW)
    assert [(each.subject, each.verdict) for each in findings] == [("KAFKA_CA", Verdict.WARNING), ("S3_CA", Verdict.WARNING)]
    assert findings[0].found == "has an authority that ended on 2026-02-28"
