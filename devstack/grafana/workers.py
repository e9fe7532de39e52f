"""What each worker does, and what it costs."""

from typing import Final

from devstack.grafana.board import Board, panel

WORKERS: Final = Board(
    "shop-images-workers",
    "shop-images: workers",
    "Each worker: how full it is, where its time goes, its memory, event loop and children.",
    (
        panel(
            "Slots in use", "percentunit",
            "Share of the slots that execute an event. At 1 for long with lag: add workers.",
            ("shop_images_running_events / shop_images_slots", "{{instance}}"),
        ),
        panel(
            "Slots", "short",
            "Slots that each worker found it can use, beside their upper bound, SLOTS. Far below it: storage or the event loop is slow.",
            ("shop_images_slots", "{{instance}}"), ("shop_images_slots_max", "{{instance}} at most"),
        ),
        panel(
            "Events held", "short",
            "Events that a worker holds, running or not, by topic. At READ_AHEAD it reads no more, which is normal under load.",
            ("shop_images_held_events", "{{instance}} {{topic}}"),
        ),
        panel(
            "Partitions", "short",
            "Partitions of each worker by topic. A worker with none does nothing: more workers than partitions, or it left the group.",
            ("sum by (instance, topic) (shop_images_assigned_partitions)", "{{instance}} {{topic}}"),
        ),
        panel(
            "Events finished", "ops",
            "Events a second of each worker. One that falls behind the others has a slow machine or network.",
            ("sum by (instance) (rate(shop_images_events_total[$__rate_interval]))", "{{instance}}"),
        ),
        panel(
            "Time of an event", "s",
            "From start to end, half of them and 95 %. Look at the steps beside it for the one that grew.",
            ("histogram_quantile(0.5, sum by (le) (rate(shop_images_event_seconds_bucket[$__rate_interval])))", "half"),
            ("histogram_quantile(0.95, sum by (le) (rate(shop_images_event_seconds_bucket[$__rate_interval])))", "95 %"),
        ),
        panel(
            "Steps, 95 %", "s",
            "fetch: sources; check: CPU of the children; put: storage; load and settle: the database. The one that grew is where to look.",
            ("histogram_quantile(0.95, sum by (le, step) (rate(shop_images_step_seconds_bucket[$__rate_interval])))", "{{step}}"),
        ),
        panel(
            "Memory", "bytes",
            "Resident memory. It levels off within an hour; if it grows for days, restart the process and give its log to a developer.",
            ('process_resident_memory_bytes{job=~"shop-images.*"}', "{{job}} {{instance}}"),
        ),
        panel(
            "CPU", "percentunit",
            "CPU of each process without its children; 1 is a core. Near 1 a worker is at its limit: start another one.",
            ('rate(process_cpu_seconds_total{job=~"shop-images.*"}[$__rate_interval])', "{{job}} {{instance}}"),
        ),
        panel(
            "Event loop is late by, 99 %", "s",
            "How late the process wakes. Above 0.25 s everything in it waits: too little CPU, or a defect for a developer.",
            (
                "histogram_quantile(0.99, sum by (le, instance) (rate(shop_images_event_loop_lag_seconds_bucket[$__rate_interval])))",
                "{{instance}}",
            ),
        ),
        panel(
            "Garbage collections", "ops",
            "Collections a second of Python's oldest generation; many of them cost pauses. Compare with the event loop.",
            ('rate(python_gc_collections_total{job=~"shop-images.*", generation="2"}[$__rate_interval])', "{{job}} {{instance}}"),
        ),
        panel(
            "Children that check images", "short",
            "Child processes alive and busy. All busy for long with lag: raise IMAGE_CHECK_PROCESSES if there are cores.",
            ("shop_images_check_children", "{{instance}} {{state}}"),
        ),
        panel(
            "Children started again", "ops",
            "Children that an image ended, a second. A few are normal; if they do not stop, read the log for `a child died`.",
            ("rate(shop_images_check_children_restarted_total[$__rate_interval])", "{{instance}}"),
        ),
        panel(
            "No progress for", "s",
            "How long a worker had work and made no progress; at WATCHDOG_AFTER it ends itself and is started again.",
            ("shop_images_watchdog_idle_seconds", "{{instance}}"),
        ),
        panel(
            "Starts in an hour", "short",
            "Restarts of each process within the hour. More than a deploy explains: read the last lines of its log.",
            ('changes(process_start_time_seconds{job=~"shop-images.*"}[1h])', "{{job}} {{instance}}"),
        ),
        panel(
            "Tasks that failed", "ops",
            "Failed passes of periodic tasks: `unavailable` heals with the dependency, `error` is a defect, with its traceback in the log.",
            ("sum by (task, reason) (rate(shop_images_task_failures_total[$__rate_interval]))", "{{task}} {{reason}}"),
        ),
        panel(
            "Leases", "short",
            "Which process runs each maintenance task. None for minutes: the task stands still; see the log of the workers.",
            ("shop_images_lease_held", "{{task}} {{instance}}"), width=12,
        ),
        panel(
            "Oldest success of a task", "s",
            "Time since each periodic task last succeeded in the process where that is longest ago. It stays near the task's interval.",
            ("max by (task) (time() - shop_images_task_succeeded_timestamp_seconds)", "{{task}}"), width=12,
        ),
    ),
)  # fmt: skip
