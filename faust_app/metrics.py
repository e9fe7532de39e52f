"""Every Prometheus metric: its name, labels and help. `docs/reference/metrics.md` is tested against this file."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45)


class Metrics:
    """The metrics of one process, on their own registry, so that several sets can exist in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._add_intake()
        self._add_events()
        self._add_dependencies()
        self._add_monitoring()
        self._add_maintenance()
        self._add_access()
        self._add_alerts()

    def _add_intake(self) -> None:
        self.requests = Counter(
            "shop_images_requests",
            "Requests decided at intake, by entry point and decision.",
            ("entry_point", "decision"),
            registry=self.registry,
        )
        self.malformed_requests = Counter(
            "shop_images_malformed_requests", "HTTP requests refused before they reach a handler.", registry=self.registry
        )
        self.rate_limited = Counter("shop_images_rate_limited", "Requests answered with 429, by token.", ("token",), registry=self.registry)
        self.rejections_not_kept = Counter(
            "shop_images_rejections_not_kept",
            "Requests refused over HTTP that are on no list, because too many came at once.",
            registry=self.registry,
        )
        self.published = Counter("shop_images_published", "Events acknowledged by Kafka, by topic.", ("topic",), registry=self.registry)
        self.publish_failures = Counter(
            "shop_images_publish_failures",
            "Events that Kafka did not acknowledge in time; their rows stay scheduled.",
            registry=self.registry,
        )

    def _add_events(self) -> None:
        self.events = Counter("shop_images_events", "Events finished by a worker, by outcome.", ("end",), registry=self.registry)
        self.event_seconds = Histogram(
            "shop_images_event_seconds", "Seconds from an event's start to its end.", registry=self.registry, buckets=_SECONDS
        )
        self.step_seconds = Histogram(
            "shop_images_step_seconds",
            "Seconds of one step of an event: load, fetch, check, put, settle.",
            ("step",),
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.failures = Counter("shop_images_failures", "Images that failed, by code.", ("code",), registry=self.registry)
        self.retries = Counter("shop_images_retries", "Failures that are retried, by code.", ("code",), registry=self.registry)
        self.dead_letters = Counter("shop_images_dead_letters", "Dead letters acknowledged, by code.", ("code",), registry=self.registry)
        self.fetched_bytes = Counter("shop_images_fetched_bytes", "Bytes downloaded from sources.", registry=self.registry)
        self.stored_bytes = Counter("shop_images_stored_bytes", "Bytes written to storage.", registry=self.registry)

    def _add_dependencies(self) -> None:
        self.waits = Counter(
            "shop_images_waits", "Times an event waited for an unavailable dependency.", ("dependency",), registry=self.registry
        )
        self.breaker_open = Gauge(
            "shop_images_breaker_open",
            "1 while the dependency's circuit breaker is open and no event starts.",
            ("dependency",),
            registry=self.registry,
        )

    def _add_monitoring(self) -> None:
        self.lag = Gauge("shop_images_lag", "Unfinished records, by group and topic.", ("group", "topic"), registry=self.registry)
        self.lag_seconds = Gauge(
            "shop_images_lag_seconds", "Age of the oldest unfinished record, by group.", ("group",), registry=self.registry
        )
        self.lag_status = Gauge(
            "shop_images_lag_status",
            "1 for the group's status: OK, LAGGING, STALLED, STOPPED.",
            ("group", "status"),
            registry=self.registry,
        )
        self.unfinished = Gauge(
            "shop_images_unfinished",
            "Images by kind: stalled, lost, scheduled, overdue, queued, failed; they overlap.",
            ("kind",),
            registry=self.registry,
        )
        self.oldest_open = Gauge("shop_images_oldest_open_seconds", "Age of the oldest unfinished image.", registry=self.registry)
        self.snapshot_age = Gauge(
            "shop_images_snapshot_age_seconds", "Age of the sample that `/lag` or `/stalled` shows.", ("page",), registry=self.registry
        )
        self.watchdog_idle = Gauge(
            "shop_images_watchdog_idle_seconds",
            "How long a worker has had work and made no progress; at `WATCHDOG_AFTER` it ends.",
            registry=self.registry,
        )
        self.held = Gauge("shop_images_held_events", "Events a worker holds, by topic.", ("topic",), registry=self.registry)
        self.running = Gauge("shop_images_running_events", "Events a worker is executing.", registry=self.registry)

    def _add_maintenance(self) -> None:
        self.collected = Counter("shop_images_collected_objects", "Objects the collector deleted.", registry=self.registry)
        self.kept_garbage = Counter(
            "shop_images_kept_garbage", "Due objects the collector kept because their row may still show them.", registry=self.registry
        )
        self.audited = Counter("shop_images_audited_objects", "Objects the audit of the bucket has checked.", registry=self.registry)
        self.audit_findings = Counter(
            "shop_images_audit_findings",
            "Objects the audit found: unlisted garbage, or objects without a row, which are kept.",
            ("finding",),
            registry=self.registry,
        )
        self.lease_held = Gauge(
            "shop_images_lease_held",
            "1 while this process holds the lease of the task: rescue, collector, audit, republish, suspect.",
            ("task",),
            registry=self.registry,
        )
        self.job_finished = Gauge(
            "shop_images_job_finished_timestamp_seconds",
            "When the daily job last finished, in seconds since 1970: daily check, limits, statistics.",
            ("job",),
            registry=self.registry,
        )
        self.purged = Counter("shop_images_purged_rows", "Rows deleted past their retention, by table.", ("table",), registry=self.registry)
        self.republished = Counter(
            "shop_images_republished", "Images that republish runs of operators published again.", registry=self.registry
        )
        self.rescued = Counter("shop_images_rescued", "Lost rows that were published again.", registry=self.registry)

    def _add_access(self) -> None:
        self.log_ins = Counter(
            "shop_images_log_ins", "Log-ins by how they ended: success, wrong, slowed.", ("end",), registry=self.registry
        )

    def _add_alerts(self) -> None:
        self.open_alerts = Gauge(
            "shop_images_open_alerts",
            "Open alerts, by severity; set by the process that sends them.",
            ("severity",),
            registry=self.registry,
        )
        self.alert_messages = Counter(
            "shop_images_alert_messages",
            "Attempts to deliver a message to the messenger: sent, failed, refused.",
            ("end",),
            registry=self.registry,
        )
