"""What fails, why, and what the sources do."""

from typing import Final

from devstack.grafana.board import Board, panel

SOURCES: Final = Board(
    "shop-images-sources",
    "shop-images: sources and failures",
    "Failures by code, retries, dead letters, and how sources answer. Hosts and shops are on /admin/causes, not in metrics.",
    (
        panel(
            "Failed images", "ops",
            "Images that failed for good, by code; docs/reference/failures.md says whose fault each is, /admin/causes which hosts have it.",
            ("sum by (code) (rate(shop_images_failures_total[$__rate_interval]))", "{{code}}"),
        ),
        panel(
            "Retries", "ops",
            "Failures tried again, by code. Many of `source_timeout` or `source_error`: a large source is down; see /admin/causes.",
            ("sum by (code) (rate(shop_images_retries_total[$__rate_interval]))", "{{code}}"),
        ),
        panel(
            "Dead letters", "ops",
            "Dead letters written a second, by code. `unparseable` and `unknown_version` come from a sender of records: tell them.",
            ("sum by (code) (rate(shop_images_dead_letters_total[$__rate_interval]))", "{{code}}"),
        ),
        panel(
            "Share of failures", "percentunit",
            "Failed images among all that ended. A jump right after a deploy: suspect the release before the shops.",
            "sum(rate(shop_images_failures_total[$__rate_interval])) / (sum(rate(shop_images_events_total[$__rate_interval])) > 0)",
        ),
        panel(
            "Time of a fetch", "s",
            "How long sources take, half of them and 95 %. If it grows for all, check the way out of the workers' network.",
            ('histogram_quantile(0.5, sum by (le) (rate(shop_images_step_seconds_bucket{step="fetch"}[$__rate_interval])))', "half"),
            ('histogram_quantile(0.95, sum by (le) (rate(shop_images_step_seconds_bucket{step="fetch"}[$__rate_interval])))', "95 %"),
        ),
        panel(
            "Bytes from sources", "Bps",
            "Downloaded a second. Compare with what the way out of the network can carry.",
            "sum(rate(shop_images_fetched_bytes_total[$__rate_interval]))",
        ),
        panel(
            "Waits for a dependency", "ops",
            "Events that waited for an unavailable dependency, a second. They cost no attempt and resume by themselves.",
            ("sum by (dependency) (rate(shop_images_waits_total[$__rate_interval]))", "{{dependency}}"),
        ),
        panel(
            "Connections to sources", "short",
            "Connections in use, idle, and events that wait for one. Waiting for long: SLOTS is full of slow sources.",
            ('sum by (state) (shop_images_pool_connections{pool="sources"})', "{{state}}"),
        ),
        panel(
            "Requests refused", "ops",
            "Refused requests a second: malformed before a handler, too many for a token, or kept on no list. Tell the sender.",
            ("sum(rate(shop_images_malformed_requests_total[$__rate_interval]))", "malformed"),
            ("sum by (token) (rate(shop_images_rate_limited_total[$__rate_interval]))", "429 {{token}}"),
            ("sum(rate(shop_images_rejections_not_kept_total[$__rate_interval]))", "not kept"),
        ),
        panel(
            "Republished", "ops",
            "Images that republish runs began, and lost rows published again. For those, find out who changed topics or offsets.",
            ("sum(rate(shop_images_republished_total[$__rate_interval]))", "republished"),
            ("sum(rate(shop_images_rescued_total[$__rate_interval]))", "rescued"),
        ),
        panel(
            "Republish runs", "short",
            "Runs by status; /admin/republish has them, and stops them.",
            ("max by (status) (shop_images_republish_runs)", "{{status}}"),
        ),
        panel(
            "Dead letters about to go", "none",
            "Dead letters that Kafka deletes within three days. If their images still fail, republish them, or keep a copy of the records.",
            "max(shop_images_dead_letters_expiring)", kind="stat", red_from=1,
        ),
        panel(
            "Log-ins", "ops",
            "Log-ins by how they ended. Many `wrong` or `slowed`: somebody guesses; see the log of web for the addresses.",
            ("sum by (end) (rate(shop_images_log_ins_total[$__rate_interval]))", "{{end}}"),
        ),
        panel(
            "Messages to people", "ops",
            "Attempts to deliver an alert. `refused` says that the messenger does not want it: check its address, secret and format.",
            ("sum by (end) (rate(shop_images_alert_messages_total[$__rate_interval]))", "{{end}}"),
        ),
        panel(
            "Sender of alerts", "s",
            "Since a process last decided what to report, and since the messenger last accepted. The first stays below a minute.",
            ("time() - max(shop_images_alerts_decided_timestamp_seconds > 0)", "decided"),
            ("time() - max(shop_images_alert_delivered_timestamp_seconds > 0)", "accepted"),
        ),
    ),
)  # fmt: skip
