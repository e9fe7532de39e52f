"""What is told of images: results ordered and published, and those that wait."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class ResultMetrics:
    """Counts results. How many wait is measured by the process that publishes; the others show 0."""

    def _add_results(self, registry: CollectorRegistry) -> None:
        self.results_ordered = Counter(
            "shop_images_results_ordered", "Results that got their place in the feed of changes.", registry=registry
        )
        self.results_published = Counter(
            "shop_images_results_published", "Results that Kafka acknowledged in the topic `results`.", registry=registry
        )
        self.results_refused = Counter(
            "shop_images_results_refused", "Results that Kafka refuses for what they are; they are in the feed only.", registry=registry
        )
        self.results_waiting = Gauge(
            "shop_images_results_waiting",
            "Results that wait to be published; 0 in a process that does not publish them.",
            registry=registry,
        )
        self.results_oldest_seconds = Gauge(
            "shop_images_results_oldest_seconds",
            "Age of the oldest result that waits to be published; 0 without any, and in a process that does not publish them.",
            registry=registry,
        )
