"""Database and storage as this system sees them."""

from typing import Final

from devstack.grafana.board import Board, panel

STORAGE: Final = Board(
    "shop-images-storage",
    "shop-images: database and storage",
    "How database and storage answer, what they refuse, and what runs out.",
    (
        panel(
            "Time of a transaction", "s",
            "Wait for a connection, statements, COMMIT and reruns; half and 95 %. If it grows, look at the database's CPU and disk.",
            ("histogram_quantile(0.5, sum by (le) (rate(shop_images_transaction_seconds_bucket[$__rate_interval])))", "half"),
            ("histogram_quantile(0.95, sum by (le) (rate(shop_images_transaction_seconds_bucket[$__rate_interval])))", "95 %"),
        ),
        panel(
            "Transactions", "ops",
            "Transactions a second, and those run again after a deadlock. Some reruns are normal; as many as transactions are not.",
            ("sum(rate(shop_images_transaction_seconds_count[$__rate_interval]))", "ended"),
            ("sum(rate(shop_images_transaction_reruns_total[$__rate_interval]))", "run again"),
        ),
        panel(
            "Connections to the database", "short",
            "In use, idle, and who waits for one. Waiting for long: raise DATABASE_CONNECTIONS, within the server's max_connections.",
            ('sum by (instance, state) (shop_images_pool_connections{pool="database"})', "{{instance}} {{state}}"),
        ),
        panel(
            "Size of the largest tables", "bytes",
            "Bytes with indexes. `Retention` in docs/operating.md says how long rows are kept, and which command prints their growth.",
            ("topk(8, max by (table) (shop_images_table_bytes))", "{{table}}"),
        ),
        panel(
            "Size of the database", "bytes",
            "All tables, beside the disk where DATABASE_DISK_BYTES says its size. Logs of the server come on top.",
            ("sum(max by (table) (shop_images_table_bytes))", "tables"),
            ("max(shop_images_database_disk_bytes > 0)", "disk"),
        ),
        panel(
            "Load and settle, 95 %", "s",
            "The two steps of an event in the database. They grow together with transactions, or with a queue for connections.",
            ('histogram_quantile(0.95, sum by (le) (rate(shop_images_step_seconds_bucket{step="load"}[$__rate_interval])))', "load"),
            ('histogram_quantile(0.95, sum by (le) (rate(shop_images_step_seconds_bucket{step="settle"}[$__rate_interval])))', "settle"),
        ),
        panel(
            "Time of a PUT", "s",
            "Half and 95 %. If it grows, storage is overloaded or far away; workers wait for it and lose nothing.",
            ('histogram_quantile(0.5, sum by (le) (rate(shop_images_step_seconds_bucket{step="put"}[$__rate_interval])))', "half"),
            ('histogram_quantile(0.95, sum by (le) (rate(shop_images_step_seconds_bucket{step="put"}[$__rate_interval])))', "95 %"),
        ),
        panel(
            "Bytes to storage", "Bps",
            "Stored a second.",
            "sum(rate(shop_images_stored_bytes_total[$__rate_interval]))",
        ),
        panel(
            "Storage fails", "ops",
            "Requests that storage failed or refused, by operation. The log names its code: AccessDenied is a right, a timeout is load.",
            ("sum by (operation) (rate(shop_images_storage_errors_total[$__rate_interval]))", "{{operation}}"),
        ),
        panel(
            "Connections to storage", "short",
            "For PUT: in use, idle, and who waits for one.",
            ('sum by (state) (shop_images_pool_connections{pool="storage"})', "{{state}}"),
        ),
        panel(
            "Open breakers", "short",
            "1 while a dependency counts as unavailable in some process.",
            ("max by (dependency) (shop_images_breaker_open)", "{{dependency}}"),
        ),
        panel(
            "Pools by their limit", "percentunit",
            "Connections in use of those allowed. At 1 for long, events queue for them.",
            ('shop_images_pool_connections{state="in_use"} / ignoring (state) shop_images_pool_limit', "{{instance}} {{pool}}"),
        ),
        panel(
            "Garbage collector", "ops",
            "Objects deleted, and due ones that were kept because a row may show them. Neither for days: see too_much_garbage.",
            ("sum(rate(shop_images_collected_objects_total[$__rate_interval]))", "deleted"),
            ("sum(rate(shop_images_kept_garbage_total[$__rate_interval]))", "kept"),
        ),
        panel(
            "Audit of the bucket", "ops",
            "Objects checked and found: `garbage` is collected, `no_row` kept and logged. Much of that: was a backup restored?",
            ("sum(rate(shop_images_audited_objects_total[$__rate_interval]))", "checked"),
            ("sum by (finding) (rate(shop_images_audit_findings_total[$__rate_interval]))", "{{finding}}"),
        ),
        panel(
            "Rows past their retention", "ops",
            "Rows deleted by the retention, by table.",
            ("sum by (table) (rate(shop_images_purged_rows_total[$__rate_interval]))", "{{table}}"),
        ),
        panel(
            "Tokens and certificates end in", "s",
            "Time until a credential ends. Replace it before: two are valid at once.",
            ("min by (credential) (shop_images_credential_expires_timestamp_seconds) - time()", "{{credential}}"), kind="table", width=24,
        ),
    ),
)  # fmt: skip
