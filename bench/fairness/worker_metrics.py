"""What workers say of themselves while a case runs: the scheduler's bound, deferrals, partitions."""

from dataclasses import dataclass, field
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

BOUND: Final = "shop_images_fair_bound_seconds"
_EVENTS: Final = "shop_images_events_total"
_ASSIGNED: Final = "shop_images_assigned_partitions"


@dataclass
class Watched:
    """The metrics of some workers, by their addresses; a worker that does not answer keeps its last figures."""

    http: aiohttp.ClientSession
    urls: list[str]
    bound: float | None = None
    _deferred: dict[str, float] = field(default_factory=dict)
    _assigned: dict[str, float] = field(default_factory=dict)

    async def sample(self) -> None:
        """Read the metrics of every worker; the bound is the highest one met."""
        for url in self.urls:
            try:
                async with self.http.get(f"{url}/metrics") as answer:
                    self._read(url, await answer.text())
            except aiohttp.ClientError:
                self._assigned[url] = 0

    def _read(self, url: str, page: str) -> None:
        deferred = assigned = 0.0
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == BOUND:
                    self.bound = max(self.bound or 0.0, sample.value)
                elif sample.name == _EVENTS and sample.labels["end"] == "deferred":
                    deferred += sample.value
                elif sample.name == _ASSIGNED and sample.labels["topic"].endswith(("express", "bulk", "retry")):
                    assigned += sample.value
        self._deferred[url], self._assigned[url] = deferred, assigned

    @property
    def deferred(self) -> float:
        """Deferrals by all workers so far."""
        return sum(self._deferred.values())

    def assigned(self, url: str) -> float:
        """Return how many partitions of the image topics a worker consumes."""
        return self._assigned.get(url, 0.0)
