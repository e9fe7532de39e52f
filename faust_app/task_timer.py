"""A timer that ends what its task does, and knows its own cancellation from one that came from outside."""

import asyncio


class TaskTimer:
    """Ends the task's step under way by a cancellation, which the end of the step takes back; as `asyncio.timeout` does, for many steps.

    Context managers inherit it: they decide when a step is late, and which error it raises. Made, used and closed by one task.
    """

    __slots__ = ("_cancelling", "_cancels", "_loop", "_task", "_timer")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._timer: asyncio.TimerHandle
        self._cancels = False
        self._cancelling = 0

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()
        self._task = None  # a cancelled task keeps its error, whose frames hold this: a cycle with the bytes of the image in it

    def _begin(self) -> None:
        """Begin a step."""
        if self._task is None:
            raise AssertionError("a timer needs a running task")
        self._cancelling = self._task.cancelling()

    def _strike(self) -> None:
        """Cancel the step under way."""
        if self._task is not None:
            self._cancels = True
            self._task.cancel()

    def _ended_by_timer(self, kind: type[BaseException] | None) -> bool:
        """End a step that this cancelled and that was left by an error of this kind, by taking the cancellation back.

        Returns whether the timer alone ended it. Ask only when `_cancels`: nearly every step ends in time, and saves the call.
        """
        if self._task is None:
            return False
        self._cancels = False
        # A cancellation that came from outside as well goes on.
        return self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError
