"""The topics of an installation: their names, partitions and retention."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_HOUR_MS: Final = 60 * 60 * 1000
_DAY_MS: Final = 24 * _HOUR_MS
PARTITIONS: Final = 12
RETENTION: Final = "retention.ms"
_FOR_EVER: Final = -1


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as `setup` creates it; `config` holds the broker's own settings."""

    name: str
    partitions: int
    config: Mapping[str, str]
    changes_images: bool = True
    """Whether its records change images when they are read: an old one must then not outlive what is known of a deleted image."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic of one installation, by its role."""

    requests: TopicSpec
    express: TopicSpec
    bulk: TopicSpec
    retry: TopicSpec
    dead_letter: TopicSpec
    results: TopicSpec
    probe: TopicSpec

    @classmethod
    def named(cls, prefix: str) -> "Topics":
        """Return the topics whose names begin with the prefix."""
        # The broker dates every record: a sender cannot, and each acknowledgement carries the broker's clock.
        appended = {"message.timestamp.type": "LogAppendTime"}
        week = {RETENTION: str(7 * _DAY_MS), **appended}
        # The longest retention has to stay below `retention.TOMBSTONES`: an old record must not bring a deleted image back.
        month = {RETENTION: str(30 * _DAY_MS), **appended}
        return cls(
            requests=TopicSpec(f"{prefix}requests", PARTITIONS, month),
            express=TopicSpec(f"{prefix}express", PARTITIONS, week),
            bulk=TopicSpec(f"{prefix}bulk", PARTITIONS, week),
            retry=TopicSpec(f"{prefix}retry", PARTITIONS, week),
            dead_letter=TopicSpec(f"{prefix}dead-letter", 4, month, changes_images=False),
            results=TopicSpec(f"{prefix}results", PARTITIONS, week, changes_images=False),
            probe=TopicSpec(f"{prefix}probe", 1, {RETENTION: str(_HOUR_MS), **appended}, changes_images=False),
        )

    @property
    def images(self) -> tuple[TopicSpec, ...]:
        """The topics that carry image events."""
        return self.express, self.bulk, self.retry

    @property
    def all(self) -> tuple[TopicSpec, ...]:
        """Every topic."""
        return self.requests, *self.images, self.dead_letter, self.results, self.probe


def missed(wanted: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Return the entries of a topic's wanted configuration that the found one does not meet; a longer retention does."""
    return {key: value for key, value in wanted.items() if not _meets(key, value, found.get(key))}


def kept(config: Mapping[str, str]) -> timedelta | None:
    """Return for how long a topic keeps records; None for ever, or where that is not known."""
    milliseconds = int(config.get(RETENTION, _FOR_EVER))
    return None if milliseconds == _FOR_EVER else timedelta(milliseconds=milliseconds)


def _meets(key: str, wanted: str, found: str | None) -> bool:
    if key != RETENTION or found is None:
        return found == wanted
    return int(found) == _FOR_EVER or int(found) >= int(wanted)
