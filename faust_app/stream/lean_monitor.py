"""Faust's monitor, reduced to the time of each partition's last event."""

from typing import Any

from faust.sensors import Monitor
from faust.types import TP, EventT, StreamT
from faust.types.tuples import Message


class LeanMonitor(Monitor):
    """Faust's own monitor without what it counts per event for its page of statistics, which is off: we have metrics of our own.

    What stays is when each partition last gave a stream an event: Faust complains of streams that stand still by that.
    """

    def on_message_in(self, tp: TP, offset: int, message: Message) -> None:
        """Count nothing."""

    def on_stream_event_in(self, tp: TP, offset: int, stream: StreamT[Any], event: EventT[Any]) -> None:  # noqa: ARG002 - the sensor's signature
        """Record the time."""
        self.stream_inbound_time[tp] = self.time()

    def on_stream_event_out(
        self, tp: TP, offset: int, stream: StreamT[Any], event: EventT[Any], state: dict[Any, Any] | None = None
    ) -> None:
        """Count nothing."""

    def on_message_out(self, tp: TP, offset: int, message: Message) -> None:
        """Count nothing."""

    def track_tp_end_offset(self, tp: TP, offset: int) -> None:
        """Keep nothing: the lag is read from Kafka."""
