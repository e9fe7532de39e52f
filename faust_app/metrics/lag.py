"""How far consumers are behind, and which images are not finished. Every process takes the same samples itself."""

from prometheus_client import CollectorRegistry, Gauge


class LagMetrics:
    """The samples behind `/lag` and `/stalled`."""

    def _add_lag(self, registry: CollectorRegistry) -> None:
        self.lag = Gauge("shop_images_lag", "Unfinished records, by group and topic.", ("group", "topic"), registry=registry)
        self.lag_seconds = Gauge(
            "shop_images_lag_seconds", "Age of the oldest unfinished record, by group and topic.", ("group", "topic"), registry=registry
        )
        self.held_up = Gauge(
            "shop_images_held_up",
            "1 for what is known to hold up a topic's records: `pause` of its lane, or the kind of a fault.",
            ("topic", "by"),
            registry=registry,
        )
        self.lag_status = Gauge(
            "shop_images_lag_status",
            "1 for the group's status: OK, LAGGING, STALLED, STOPPED.",
            ("group", "status"),
            registry=registry,
        )
        self.partition_lag = Gauge(
            "shop_images_partition_lag",
            "Unfinished records of the partitions that are furthest behind, at most 50 of a group.",
            ("group", "topic", "partition"),
            registry=registry,
        )
        self.group_position = Gauge(
            "shop_images_group_position",
            "Sum of a group's next offsets in a topic: its increase is what was finished.",
            ("group", "topic"),
            registry=registry,
        )
        self.topic_end = Gauge(
            "shop_images_topic_end", "Sum of a topic's end offsets: its increase is what was published.", ("topic",), registry=registry
        )
        self.group_members = Gauge("shop_images_group_members", "Consumers in a group.", ("group",), registry=registry)
        self.assigned_partitions = Gauge(
            "shop_images_assigned_partitions", "Partitions that this worker consumes, by topic.", ("topic",), registry=registry
        )
        self.dead_letters_expiring = Gauge(
            "shop_images_dead_letters_expiring", "Dead letters that Kafka deletes within three days.", registry=registry
        )
        self.unfinished = Gauge(
            "shop_images_unfinished",
            "Images by kind: stalled, lost, scheduled, overdue, queued, failed; they overlap.",
            ("kind",),
            registry=registry,
        )
        self.oldest_open = Gauge("shop_images_oldest_open_seconds", "Age of the oldest unfinished image.", registry=registry)
        self.snapshot_age = Gauge(
            "shop_images_snapshot_age_seconds", "Age of the sample that `/lag` or `/stalled` shows.", ("page",), registry=registry
        )
