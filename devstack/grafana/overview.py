"""Is all well, and if not, where to look."""

from typing import Final

from devstack.grafana.board import Board, panel

OVERVIEW: Final = Board(
    "shop-images-overview",
    "shop-images: overview",
    "What the installation does, whether it keeps up, and what is wrong now.",
    (
        panel(
            "Processes that answer", "none",
            "Processes that Prometheus reaches, by job. If one is missing, see its log and its process manager.",
            ('sum by (job) (up{job=~"shop-images.*"})', "{{job}}"), kind="stat",
        ),
        panel(
            "Open alerts", "none",
            "Alerts that are open, by severity; /admin/alerts has them with what to do.",
            ("sum by (severity) (shop_images_open_alerts)", "{{severity}}"), kind="stat", red_from=1,
        ),
        panel(
            "Alerts are not accepted for", "s",
            "How long the messenger has accepted nothing; 0 while it does. If it lasts, check ALERT_WEBHOOK_URL: people hear of nothing.",
            "max(time() - (shop_images_alert_failing_since_timestamp_seconds > 0)) or vector(0)", kind="stat", red_from=300,
        ),
        panel(
            "Images finished", "ops",
            "Events finished a second, by outcome. If `failed` or `dead_letter` grows, open the dashboard of sources and failures.",
            ("sum by (end) (rate(shop_images_events_total[$__rate_interval]))", "{{end}}"),
        ),
        panel(
            "Requests", "ops",
            "Requests decided a second. If they stop, the senders or the web process do; see the log of web, and the topic requests.",
            ("sum by (entry_point, decision) (rate(shop_images_requests_total[$__rate_interval]))", "{{entry_point}} {{decision}}"),
        ),
        panel(
            "Shops wait", "s",
            "From a shop's request to its image, half and 95 %. If it grows without lag, sources are slow; with lag, add workers.",
            ("histogram_quantile(0.5, sum by (le) (rate(shop_images_dwell_seconds_bucket[$__rate_interval])))", "half"),
            ("histogram_quantile(0.95, sum by (le) (rate(shop_images_dwell_seconds_bucket[$__rate_interval])))", "95 %"),
        ),
        panel(
            "Lag", "short",
            "Unfinished records, by group. It may rise for minutes after an import; if it does not fall, open the dashboard of lag.",
            ("sum by (group) (max by (group, topic) (shop_images_lag))", "{{group}}"),
        ),
        panel(
            "Lag in time", "s",
            "Age of the oldest unfinished record. Above LAGGING_AFTER, look whether a breaker is open or workers are missing.",
            ("max by (group) (shop_images_lag_seconds)", "{{group}}"),
        ),
        panel(
            "Unfinished and failed images", "short",
            "Images by kind; they overlap. `stalled` and `lost` need a look at /stalled, `failed` at /admin/causes.",
            ("max by (kind) (shop_images_unfinished)", "{{kind}}"),
        ),
        panel(
            "Open breakers", "short",
            "1 while a dependency counts as unavailable in some process. Nothing is lost; mend it, and work resumes by itself.",
            ("max by (dependency) (shop_images_breaker_open)", "{{dependency}}"),
        ),
        panel(
            "Results", "ops",
            "Results put in order, and acknowledged by Kafka, a second. If only the first goes on, Kafka takes none; see its log.",
            ("sum(rate(shop_images_results_ordered_total[$__rate_interval]))", "in order"),
            ("sum(rate(shop_images_results_published_total[$__rate_interval]))", "published"),
            ("sum(rate(shop_images_results_refused_total[$__rate_interval]))", "refused"),
        ),
        panel(
            "Results that wait", "short",
            "Results that the topic lacks. They wait while Kafka is away and none is lost; if it is not, see the task `result publisher`.",
            ("max(shop_images_results_waiting)", "results"),
        ),
        panel(
            "Oldest result that waits", "s",
            "For how long the oldest result has waited for Kafka; below a second as a rule. The feed over HTTP is not late by it.",
            ("max(shop_images_results_oldest_seconds)", "age"),
        ),
        panel(
            "Readers of the feed", "short",
            "Requests of /v1/changes that are answered, or wait, and refused ones a second. If any are refused, raise `FEED_READERS`.",
            ("sum by (instance) (shop_images_feed_readers)", "{{instance}}"),
            ("sum(rate(shop_images_feed_readers_refused_total[$__rate_interval]))", "refused a second"),
        ),
        panel(
            "Since the last daily job", "s",
            "Time since each daily job finished. Above 26 hours, see the log of workers (statistics: of the process stats) for its name.",
            ("time() - max by (daily_job) (shop_images_job_finished_timestamp_seconds)", "{{daily_job}}"),
        ),
        panel(
            "Releases", "none",
            "Processes by release. Two at once are normal during a deploy; later, replace what was forgotten.",
            ("count by (job, version, release) (shop_images_build_info)", "{{job}} {{release}}"), kind="table",
        ),
    ),
)  # fmt: skip
