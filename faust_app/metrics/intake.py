"""What arrives: requests, and the events that they become."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class IntakeMetrics:
    """Counts requests, and events published for them."""

    def _add_intake(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "shop_images_requests",
            "Requests decided at intake, by entry point and decision (`paused`: refused, their shop is paused).",
            ("entry_point", "decision"),
            registry=registry,
        )
        self.malformed_requests = Counter(
            "shop_images_malformed_requests", "HTTP requests refused before they reach a handler.", registry=registry
        )
        self.rate_limited = Counter(
            "shop_images_rate_limited", "Requests over their token's rate, answered with 429, by token.", ("token",), registry=registry
        )
        self.rejections_not_kept = Counter(
            "shop_images_rejections_not_kept",
            "Requests refused over HTTP that are on no list, because too many came at once.",
            registry=registry,
        )
        self.published = Counter("shop_images_published", "Events acknowledged by Kafka, by topic.", ("topic",), registry=registry)
        self.express_factor = Gauge(
            "shop_images_express_factor",
            "Part of its usual rate that a shop may send by `express` now: 1, down to 1/16 while that lane lags; 0 without fair shares.",
            registry=registry,
        )
        self.publish_failures = Counter(
            "shop_images_publish_failures",
            "Events that Kafka did not acknowledge in time; their rows stay scheduled.",
            registry=registry,
        )
