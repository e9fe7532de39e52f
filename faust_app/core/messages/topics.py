"""The topics of an installation: their names, partitions and retention."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_HOUR_MS: Final = 60 * 60 * 1000
_DAY_MS: Final = 24 * _HOUR_MS
PARTITIONS: Final = 12


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as `setup` creates it; `config` holds the broker's own settings."""

    name: str
    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic of one installation, by its role."""

    requests: TopicSpec
    express: TopicSpec
    bulk: TopicSpec
    retry: TopicSpec
    dead_letter: TopicSpec
    probe: TopicSpec

    @classmethod
    def named(cls, prefix: str) -> "Topics":
        """Return the topics whose names begin with the prefix."""
        # The broker dates every record: a sender cannot, and each acknowledgement carries the broker's clock.
        appended = {"message.timestamp.type": "LogAppendTime"}
        week = {"retention.ms": str(7 * _DAY_MS), **appended}
        # The longest retention has to stay below `retention.TOMBSTONES`: an old record must not bring a deleted image back.
        month = {"retention.ms": str(30 * _DAY_MS), **appended}
        return cls(
            requests=TopicSpec(f"{prefix}requests", PARTITIONS, month),
            express=TopicSpec(f"{prefix}express", PARTITIONS, week),
            bulk=TopicSpec(f"{prefix}bulk", PARTITIONS, week),
            retry=TopicSpec(f"{prefix}retry", PARTITIONS, week),
            dead_letter=TopicSpec(f"{prefix}dead-letter", 4, month),
            probe=TopicSpec(f"{prefix}probe", 1, {"retention.ms": str(_HOUR_MS), **appended}),
        )

    @property
    def images(self) -> tuple[TopicSpec, ...]:
        """The topics that carry image events."""
        return self.express, self.bulk, self.retry

    @property
    def all(self) -> tuple[TopicSpec, ...]:
        """Every topic."""
        return self.requests, *self.images, self.dead_letter, self.probe
