"""What runs beside the events: periodic tasks, daily jobs, the bucket's care, republish runs."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class MaintenanceMetrics:
    """Counts what maintenance does, and when each part of it last succeeded."""

    def _add_maintenance(self, registry: CollectorRegistry) -> None:
        self._add_bucket(registry)
        self.lease_held = Gauge(
            "shop_images_lease_held",
            "1 while this process holds the lease of the task: rescue, collector, audit, republish, suspect,"
            " result order, result publisher.",
            ("task",),
            registry=registry,
        )
        self.task_succeeded = Gauge(
            "shop_images_task_succeeded_timestamp_seconds",
            "When a pass of the periodic task last ended well in this process, in seconds since 1970.",
            ("task",),
            registry=registry,
        )
        self.task_failures = Counter(
            "shop_images_task_failures",
            "Passes of a periodic task that failed: unavailable (of a dependency), or error (of ours).",
            ("task", "reason"),
            registry=registry,
        )
        self.job_finished = Gauge(
            "shop_images_job_finished_timestamp_seconds",
            "When the daily job (daily check, limits, statistics) last finished, or was first due to run, in seconds since 1970.",
            ("daily_job",),
            registry=registry,
        )
        self.purged = Counter("shop_images_purged_rows", "Rows deleted past their retention, by table.", ("table",), registry=registry)
        self.republished = Counter("shop_images_republished", "Images that republish runs of operators published again.", registry=registry)
        self.republish_runs = Gauge(
            "shop_images_republish_runs",
            "Republish runs by status: running, paused, cancelling; set by the process that carries them out.",
            ("status",),
            registry=registry,
        )
        self.rescued = Counter("shop_images_rescued", "Lost rows that were published again.", registry=registry)

    def _add_bucket(self, registry: CollectorRegistry) -> None:
        self.collected = Counter("shop_images_collected_objects", "Objects the collector deleted.", registry=registry)
        self.kept_garbage = Counter(
            "shop_images_kept_garbage", "Due objects the collector kept because their row may still show them.", registry=registry
        )
        self.audited = Counter("shop_images_audited_objects", "Objects the audit of the bucket has checked.", registry=registry)
        self.audit_findings = Counter(
            "shop_images_audit_findings",
            "Objects the audit found: unlisted garbage, or objects without a row, which are kept.",
            ("finding",),
            registry=registry,
        )
