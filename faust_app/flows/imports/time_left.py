"""How long the images of an import will still take, by its rows and by what workers report."""

from collections.abc import Callable

from faust_app.core.dispatch.fairness import NOTHING, Fairness
from faust_app.core.images.row import ImageState
from faust_app.core.imports.drain import SHOWN_FOR, Drain, drain_of
from faust_app.core.imports.run import ImportRun
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageSearch


class TimeLeft:
    """Answers it for one import. `fairness` returns what workers say of shops now, None while that is unknown."""

    def __init__(self, search: ImageSearch, fairness: Callable[[], Fairness | None], *, clock: Clock) -> None:
        self._search = search
        self._fairness = fairness
        self._clock = clock

    async def of(self, run: ImportRun) -> Drain | None:
        """Return how far the images are, None where none is left. Raises Unavailable."""
        now = await self._clock.now()
        if run.ended_at is not None and now - run.ended_at > SHOWN_FOR:
            return None
        counts = await self._search.counts(run.file.shop_no)
        return drain_of(run, counts.get(ImageState.IN_PROGRESS, 0), self._fairness() or NOTHING, now)
