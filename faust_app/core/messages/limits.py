"""Limits of every client of Kafka, which settings and topics have to fit."""

from typing import Final

REBALANCE_SECONDS: Final = 60.0
"""Seconds after which Kafka drops a worker that does not give up its partitions."""
PUBLISH_SECONDS: Final = 15.0
"""Seconds after which a producer gives up a record."""
POLL_RECORDS: Final = 50
"""Most records that a worker takes from a partition at once."""
BUFFER_RECORDS: Final = 4_000
"""Records that Faust's streams hold."""
MOST_PARTITIONS: Final = BUFFER_RECORDS // 5 // POLL_RECORDS
"""Most partitions of a topic that one worker reads without holding up its other topics.

A fifth of the buffer has to hold a poll from each.
"""
