"""The process itself: its event loop, memory, garbage collector, children, and which release it is."""

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, PlatformCollector, ProcessCollector

_LOOP_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class ProcessMetrics:
    """What Prometheus' own library tells of a Python process, and what it cannot know."""

    def _add_process(self, registry: CollectorRegistry) -> None:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self.build = Gauge(
            "shop_images_build_info",
            "1, with the version of the package and the deployed release.",
            ("version", "release"),
            registry=registry,
        )
        self.loop_lag = Histogram(
            "shop_images_event_loop_lag_seconds",
            "Seconds by which the event loop woke a sleeper too late, twice a second.",
            registry=registry,
            buckets=_LOOP_SECONDS,
        )
        self.children = Gauge(
            "shop_images_check_children", "Child processes that check images: alive, busy.", ("state",), registry=registry
        )
        self.children_restarted = Counter(
            "shop_images_check_children_restarted", "Children started again because one died over an image.", registry=registry
        )
