"""Connects the dispatcher to Faust's flow control and consumer, so that it drains before Faust waits for acknowledgements."""

from collections.abc import Iterable
from typing import Any

import faust
from faust.types import TP
from faust.types.tuples import Message
from mode.utils.queues import FlowControlEvent

from faust_app.stream.dispatcher import Dispatcher


class DrainingFlow(FlowControlEvent):
    """Flow control that drains the dispatcher when flow stops: at the first step of a rebalance or a shutdown."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__()
        self._dispatcher = dispatcher

    def suspend(self) -> None:
        """Stop the flow, then give back what was taken from it."""
        super().suspend()
        self._dispatcher.drain()


class WorkerFlow:
    """Implements the dispatcher's `PartitionControl` on Faust's consumer."""

    def __init__(self, app: faust.App) -> None:
        self._app = app

    def assigned(self) -> Iterable[TP]:
        """Return the partitions assigned to this worker."""
        return self._app.consumer.assignment()

    def is_flowing(self) -> bool:
        """Return whether events may start."""
        return self._app.flow_control.is_active()

    def pause(self, tp: TP) -> None:
        """Stop fetching a partition; `on_buffer_full`, because `pause_partitions` loses records that are already fetched."""
        self._app.consumer.on_buffer_full(tp)

    def resume(self, tp: TP) -> None:
        """Fetch a paused partition again, if it is still assigned."""
        if tp in self._app.consumer.assignment():
            self._app.consumer.on_buffer_drop(tp)

    def forget_pause(self, tp: TP) -> None:
        """Clear a pause without fetching: Faust has no call for it, and a later owner would inherit the pause."""
        consumer: Any = self._app.consumer
        consumer._buffered_partitions.discard(tp)  # noqa: SLF001 - the only public way to clear it is to resume

    def give_back(self, message: Message) -> None:
        """Discard the message from the consumer's unacknowledged ones; merely dropping it would block the shutdown."""
        self._app.consumer.unacked.discard(message)
