"""Whether people hear of what is wrong."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class AlertMetrics:
    """Watches the sender of alerts, which cannot report its own failure."""

    def _add_alerts(self, registry: CollectorRegistry) -> None:
        self._alerts_fail = False
        self.open_alerts = Gauge(
            "shop_images_open_alerts",
            "Open alerts, by severity; set by the process that sends them.",
            ("severity",),
            registry=registry,
        )
        self.alert_messages = Counter(
            "shop_images_alert_messages",
            "Attempts to deliver a message to the messenger: sent, failed, refused.",
            ("end",),
            registry=registry,
        )
        for end in ("sent", "failed", "refused"):
            self.alert_messages.labels(end)  # shown from the start: a rule that counts refusals would miss the first
        self.alert_messenger = Gauge(
            "shop_images_alert_messenger", "1 where `ALERT_WEBHOOK_URL` names a messenger, else 0: nobody is told.", registry=registry
        )
        self.alerts_decided = Gauge(
            "shop_images_alerts_decided_timestamp_seconds",
            "When this process last decided what to report, in seconds since 1970; 0 before it first held the lease.",
            registry=registry,
        )
        self.alert_delivered = Gauge(
            "shop_images_alert_delivered_timestamp_seconds",
            "When the messenger last accepted a message of this process, in seconds since 1970; 0: not yet.",
            registry=registry,
        )
        self.alert_failing_since = Gauge(
            "shop_images_alert_failing_since_timestamp_seconds",
            "Since when the messenger accepts nothing from this process, in seconds since 1970; 0 while it does.",
            registry=registry,
        )

    def count_message(self, end: str, *, accepted: bool) -> None:
        """Count an attempt to deliver a message, made now."""
        self.alert_messages.labels(end).inc()
        if accepted:
            self.alert_delivered.set_to_current_time()
            self.forget_failing()
        elif not self._alerts_fail:
            self._alerts_fail = True
            self.alert_failing_since.set_to_current_time()

    def forget_failing(self) -> None:
        """Show that nothing of this process waits for the messenger any more, be it that another process sends now."""
        self._alerts_fail = False
        self.alert_failing_since.set(0)
