"""Does the installation keep up, and where does it not."""

from typing import Final

from devstack.grafana.board import Board, panel
from devstack.grafana.fair_shares import FAIR_SHARES

_LAG: Final = "sum by (group) (max by (group, topic) (shop_images_lag))"

LAG: Final = Board(
    "shop-images-lag",
    "shop-images: lag",
    "How far consumers are behind, how fast they are, and which images wait.",
    (
        panel(
            "Lag by topic", "short",
            "Unfinished records. `requests` is intake, the others are images. A burst falls again; else compare the two rates beside it.",
            ("max by (group, topic) (shop_images_lag)", "{{topic}}"),
        ),
        panel(
            "Published", "ops",
            "Records that came into each topic a second.",
            ("max by (topic) (rate(shop_images_topic_end[$__rate_interval]))", "{{topic}}"),
        ),
        panel(
            "Finished", "ops",
            "Records finished a second. Below what is published for long: add workers, unless a breaker is open.",
            ("max by (group, topic) (rate(shop_images_group_position[$__rate_interval]))", "{{topic}}"),
        ),
        panel(
            "Lag in time", "s",
            "Age of the oldest unfinished record, by group. Above LAGGING_AFTER /lag says LAGGING.",
            ("max by (group) (shop_images_lag_seconds)", "{{group}}"),
        ),
        panel(
            "Time to drain", "s",
            "Lag divided by the rate of the last five minutes. Nothing is shown while nothing is finished: then see the status.",
            (f"{_LAG} / (sum by (group) (max by (group, topic) (rate(shop_images_group_position[5m]))) > 0)", "{{group}}"),
        ),
        panel(
            "Status", "short",
            "1 for the status of each group. STALLED: a partition does not move; STOPPED: nobody consumes. /lag says what holds it.",
            ("max by (group, status) (shop_images_lag_status)", "{{group}} {{status}}"),
        ),
        panel(
            "Held up", "short",
            "1 for what is known to hold up the records of a topic. No rule wakes anybody for these; a pause ends on /admin/lanes.",
            ("max by (topic, by) (shop_images_held_up)", "{{topic}} {{by}}"),
        ),
        panel(
            "Partitions that are furthest behind", "short",
            "The ten worst partitions. One alone: a slow source or an event that does not end; see /lag and the worker that has it.",
            ("topk(10, max by (group, topic, partition) (shop_images_partition_lag))", "{{topic}} {{partition}}"),
        ),
        panel(
            "Consumers", "short",
            "Members of each group. Fewer than processes: some do not join; see their logs.",
            ("max by (group) (shop_images_group_members)", "{{group}}"),
        ),
        panel(
            "Unfinished images", "short",
            "Images by kind; they overlap. `overdue` should be near 0: else no due publisher runs, or Kafka does not acknowledge.",
            ("max by (kind) (shop_images_unfinished)", "{{kind}}"),
        ),
        panel(
            "Oldest unfinished image", "s",
            "Its age. Beyond STALLED_AFTER it is on /stalled, with what it waits for.",
            "max(shop_images_oldest_open_seconds)",
        ),
        panel(
            "Shops wait, by topic, 95 %", "s",
            "Time from request to image by the topic of the last event: `retry` is longer by the delays, others should not be.",
            ("histogram_quantile(0.95, sum by (le, topic) (rate(shop_images_dwell_seconds_bucket[$__rate_interval])))", "{{topic}}"),
        ),
        panel(
            "Age of the samples", "s",
            "Age of the newest samples behind this page. Above a minute: Kafka or the database does not answer.",
            ("min by (page) (shop_images_snapshot_age_seconds)", "{{page}}"),
        ),
        panel(
            "Published by processes", "ops",
            "Events that Kafka acknowledged, by topic.",
            ("sum by (topic) (rate(shop_images_published_total[$__rate_interval]))", "{{topic}}"), width=12,
        ),
        panel(
            "Not acknowledged", "ops",
            "Events that Kafka did not acknowledge in time; their rows stay scheduled. If it lasts, check brokers and replicas in sync.",
            "sum(rate(shop_images_publish_failures_total[$__rate_interval]))", width=12,
        ),
        panel(
            "Express", "percentunit",
            "Part of its usual rate that a shop may send by `express`. Below 100 %: that lane lags, and more goes to `bulk`.",
            ("min(shop_images_express_factor)", ""), width=24,
        ),
    *FAIR_SHARES,
    ),
)  # fmt: skip
