"""What a worker does with events: their ends, and how long everything takes."""

from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from faust_app.metrics.loop_histogram import LoopHistogram

STEP_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45)
STEPS: Final = ("load", "fetch", "check", "put", "settle")
_DWELL_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400)


class EventMetrics:
    """Counts and times the events of a worker."""

    def _add_events(self, registry: CollectorRegistry) -> None:
        self.events = Counter("shop_images_events", "Events finished by a worker, by outcome.", ("end",), registry=registry)
        self.event_ended = cache(self.events.labels)
        """The counter of an end: looking one up by its label costs as much as counting."""
        self.event_seconds = LoopHistogram(
            "shop_images_event_seconds", "Seconds from an event's start to its end.", STEP_SECONDS, registry=registry
        )
        self.step_seconds = LoopHistogram(
            "shop_images_step_seconds",
            "Seconds of one step of an event: load, fetch, check, put, settle.",
            STEP_SECONDS,
            registry=registry,
            label="step",
        )
        self.step = {step: self.step_seconds.labels(step) for step in STEPS}
        """Each step's series."""
        self.dwell_seconds = LoopHistogram(
            "shop_images_dwell_seconds",
            "Seconds from a shop's request to its stored or deleted image, by the topic of the event that ended it.",
            _DWELL_SECONDS,
            registry=registry,
            label="topic",
        )
        self.dwell = self.dwell_seconds.labels
        """The series of a topic."""
        self.failures = Counter("shop_images_failures", "Images that failed, by code.", ("code",), registry=registry)
        self.retries = Counter("shop_images_retries", "Failures that are retried, by code.", ("code",), registry=registry)
        self.dead_letters = Counter("shop_images_dead_letters", "Dead letters acknowledged, by code.", ("code",), registry=registry)
        self.fetched_bytes = Counter("shop_images_fetched_bytes", "Bytes downloaded from sources.", registry=registry)
        self.stored_bytes = Counter("shop_images_stored_bytes", "Bytes written to storage.", registry=registry)
        self.held = Gauge("shop_images_held_events", "Events a worker holds, by topic.", ("topic",), registry=registry)
        self.running = Gauge("shop_images_running_events", "Events a worker is executing.", registry=registry)
        self.slots = Gauge("shop_images_slots", "Events a worker executes at once at most, as it finds by itself.", registry=registry)
        self.slots_max = Gauge("shop_images_slots_max", "Upper bound of that number: `SLOTS`.", registry=registry)
        self.watchdog_idle = Gauge(
            "shop_images_watchdog_idle_seconds",
            "How long a worker has had work and made no progress; at `WATCHDOG_AFTER` it ends.",
            registry=registry,
        )
