"""Whether the topics are as `setup` creates them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from faust_app.core.maintenance.retention import TOMBSTONES
from faust_app.core.messages.limits import MOST_PARTITIONS
from faust_app.core.messages.topics import RETENTION, TopicSpec, kept, missed
from faust_app.core.selfcheck.finding import Finding, error, ok, warning

_SETUP: Final = "run `shop-images setup`"


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as Kafka describes it; `replicas` is the lowest of its partitions', `config` None where we may not read it."""

    partitions: int
    replicas: int
    config: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Durability:
    """`TOPIC_REPLICATION` and `TOPIC_MIN_INSYNC_REPLICAS`."""

    replication: int
    min_insync: int


def judge_topics(wanted: Sequence[TopicSpec], found: Mapping[str, FoundTopic], durability: Durability) -> list[Finding]:
    """Return what is wrong with the topics, or that nothing is."""
    wrong = [finding for spec in wanted for finding in _judge(spec, found.get(spec.name), durability)]
    if any(each.config is None for each in found.values()):
        remedy = "grant DescribeConfigs on the topics with TOPIC_PREFIX to KAFKA_USERNAME"
        wrong.append(warning("topics", "Kafka refuses us DescribeConfigs: their retention and min.insync.replicas are not known", remedy))
    return wrong or [ok("topics", f"{len(wanted)} topics with their partitions, replicas and retention")]


def _judge(spec: TopicSpec, found: FoundTopic | None, durability: Durability) -> list[Finding]:
    name = f"topic {spec.name}"
    if found is None:
        return [error(name, "does not exist", f"{_SETUP}, or set TOPIC_PREFIX to that of the existing topics")]
    findings = []
    if found.partitions < spec.partitions:
        findings.append(
            error(
                name,
                f"has {found.partitions} partitions, {spec.partitions} are needed",
                f"add partitions with Kafka's own tools (`kafka-topics --alter --topic {spec.name} --partitions {spec.partitions}`)",
            )
        )
    if found.partitions > MOST_PARTITIONS:
        remedy = f"keep at least {-(-found.partitions // MOST_PARTITIONS)} workers running: one alone would read its topics by turns"
        findings.append(warning(name, f"has {found.partitions} partitions", remedy))
    if found.replicas < durability.replication:
        remedy = "have Kafka reassign its replicas, or set TOPIC_REPLICATION to what you mean"
        findings.append(warning(name, f"has {found.replicas} replicas, TOPIC_REPLICATION={durability.replication}", remedy))
    if found.config is not None:
        findings += _judge_config(spec, found.config, durability)
    return findings


def _judge_config(spec: TopicSpec, found: Mapping[str, str], durability: Durability) -> list[Finding]:
    name, wanted = f"topic {spec.name}", {**spec.config, "min.insync.replicas": str(durability.min_insync)}
    if different := missed(wanted, found):
        stands = ", ".join(f"{key}={found.get(key, 'nothing')}" for key in sorted(different))
        needed = ", ".join(f"{key}={value}" for key, value in sorted(different.items()))
        return [error(name, f"has {stands}; needed is {needed}", _SETUP)]
    if spec.changes_images and ((keeps := kept(found)) is None or keeps >= TOMBSTONES):
        remedy = f"set {RETENTION} below that: a record that is older could bring a deleted image back"
        return [warning(name, f"keeps records for {TOMBSTONES.days} days or longer", remedy)]
    return []


def judge_durability(durability: Durability, brokers: int) -> list[Finding]:
    """Return whether a published record survives the loss of a broker, and whether it can be published at all."""
    copies, acknowledged = durability.replication, durability.min_insync
    if copies > brokers:
        return [error("brokers", f"{brokers} of Kafka, TOPIC_REPLICATION={copies}", "add brokers, or lower TOPIC_REPLICATION")]
    if acknowledged > copies:
        found = f"TOPIC_MIN_INSYNC_REPLICAS={acknowledged} asks for more copies than TOPIC_REPLICATION={copies} makes"
        return [error("brokers", found, "set it below TOPIC_REPLICATION: until then nothing can be published")]
    if acknowledged == copies > 1:
        remedy = "set it below TOPIC_REPLICATION: the loss of one broker would stop every publication"
        return [warning("brokers", f"TOPIC_MIN_INSYNC_REPLICAS={acknowledged} asks for every replica", remedy)]
    if acknowledged == 1:
        remedy = "run three brokers with TOPIC_REPLICATION=3 and TOPIC_MIN_INSYNC_REPLICAS=2 in production"
        return [warning("brokers", "one copy is enough to acknowledge a record: it is lost with its broker", remedy)]
    return [ok("brokers", f"{brokers}; a record has {copies} copies, {acknowledged} before it counts as published")]
