"""The worker's application: Faust's, whose flow control tells the dispatcher to drain before Faust waits for acks."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import faust
from faust.types import TP
from faust.types.tuples import Message
from mode.utils.queues import FlowControlEvent


class DrainingFlow(FlowControlEvent):
    """Flow control that calls `on_suspend` when flow stops: at the first step of a rebalance or a shutdown."""

    on_suspend: Callable[[], None] | None = None

    def suspend(self) -> None:
        """Stop the flow, then let go of what was taken from it."""
        super().suspend()
        if self.on_suspend is not None:
            self.on_suspend()


class WorkerFlow:
    """Implements the dispatcher's `PartitionControl` on Faust's consumer."""

    def __init__(self, app: faust.App) -> None:
        self._app = app

    def assigned(self) -> Iterable[TP]:
        """Return the partitions that are ours."""
        return self._app.consumer.assignment()

    def is_flowing(self) -> bool:
        """Tell whether events may start."""
        return self._app.flow_control.is_active()

    def pause(self, tp: TP) -> None:
        """Stop fetching a partition. Faust's `pause_partitions` would drop records that are already fetched."""
        self._app.consumer.on_buffer_full(tp)

    def resume(self, tp: TP) -> None:
        """Fetch a paused partition again, if it is still ours."""
        if tp in self._app.consumer.assignment():
            self._app.consumer.on_buffer_drop(tp)

    def forget_pause(self, tp: TP) -> None:
        """Clear a pause without fetching: Faust has no call for it, and a later owner would inherit the pause."""
        consumer: Any = self._app.consumer
        consumer._buffered_partitions.discard(tp)  # noqa: SLF001 - the set has no public way out but resuming

    def give_back(self, message: Message) -> None:
        """Let the consumer stop waiting for the message's acknowledgement."""
        self._app.consumer.unacked.discard(message)


class DrainingApp(faust.App):
    """A Faust app with a flow that can be watched."""

    @cached_property
    def flow_control(self) -> DrainingFlow:
        """Flow control of the streams."""
        return DrainingFlow(loop=self.loop)
