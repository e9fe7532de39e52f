"""Who waits for the slots of a worker, beside the bound that quiet shops are promised."""

from prometheus_client import CollectorRegistry, Gauge

_SHARE = ("share",)


class FairnessMetrics:
    """The shares of a worker's slots (express, bulk, retry, republished), and the shops that use most of them."""

    def _add_fairness(self, registry: CollectorRegistry) -> None:
        self.fair_waiting = Gauge(
            "shop_images_fair_waiting", "Events that wait for a slot, by share of the slots.", _SHARE, registry=registry
        )
        self.fair_running = Gauge("shop_images_fair_running", "Events that hold a slot, by share of the slots.", _SHARE, registry=registry)
        self.fair_oldest = Gauge(
            "shop_images_fair_oldest_seconds", "Age of the event that waits longest for a slot, by share.", _SHARE, registry=registry
        )
        self.fair_bound = Gauge(
            "shop_images_fair_bound_seconds",
            "Bound of the wait of a quiet shop's event: now, or when the one came that waited longest, if that is more.",
            _SHARE,
            registry=registry,
        )
        self.fair_wait = Gauge(
            "shop_images_fair_wait_seconds", "Longest wait of a quiet shop's event in the last minute, by share.", _SHARE, registry=registry
        )
        self.fair_exceeded = Gauge(
            "shop_images_fair_exceeded",
            "Events of quiet shops that waited beyond their bound in the last minute.",
            _SHARE,
            registry=registry,
        )
        self.shop_slot_seconds = Gauge(
            "shop_images_shop_slot_seconds",
            "Seconds of slots that shops got in the last minute: the 20 that use and want most, and `rest`.",
            ("shop",),
            registry=registry,
        )
