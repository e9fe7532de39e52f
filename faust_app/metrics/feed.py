"""Metrics of the feed of changes."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class FeedMetrics:
    """Counts who reads the feed."""

    def _add_feed(self, registry: CollectorRegistry) -> None:
        self.feed_readers = Gauge("shop_images_feed_readers", "Readers of the feed that are answered, or wait.", registry=registry)
        self.feed_readers_refused = Counter(
            "shop_images_feed_readers_refused", "Readers of the feed that found no room (`FEED_READERS`).", registry=registry
        )
