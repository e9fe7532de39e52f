"""The self-check, assembled for the command line and the operator's page: each probe opens what it needs and closes it again."""

import time
from collections.abc import Sequence
from typing import Final

from faust_app.adapters.kafka.inspection import find_protocol, find_topics
from faust_app.adapters.kafka.producer import KafkaEventLog
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.inspection import find_alerts, find_database
from faust_app.adapters.redis.report_cache import RedisReportCache
from faust_app.adapters.s3.inspection import clock_and_product, refused_rights
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.core.selfcheck.alerting import judge_alerts
from faust_app.core.selfcheck.bucket import judge_bucket
from faust_app.core.selfcheck.clocks import judge_clock
from faust_app.core.selfcheck.credentials import judge_ends, judge_first_ends
from faust_app.core.selfcheck.database import judge_database
from faust_app.core.selfcheck.finding import Finding, error, ok, warning
from faust_app.core.selfcheck.topics import Durability, judge_durability, judge_topics
from faust_app.core.selfcheck.versions import tell_kafka, tell_storage
from faust_app.core.statistics.unavailable import CacheMisconfigured, CacheUnavailable, StoreUnavailable
from faust_app.flows.selfcheck.run import Probe, run_selfcheck
from faust_app.flows.selfcheck.settings_rules import judge_settings
from faust_app.settings import Settings
from faust_app.web.auth.token_book import TokensError, read_tokens
from faust_app.wiring.common import utc_now
from faust_app.wiring.credentials import ends_of, first_ends_of
from faust_app.wiring.statistics import open_clickhouse

_STATISTICS_DOWN: Final = (
    "is the process `stats`, or ClickHouse, up, and is CLICKHOUSE_URL right? Until then reports have the last days only"
)
_CACHE_DOWN: Final = "is it up, and is REDIS_URL right? Without it reports are slower, and as right"


async def selfcheck(settings: Settings) -> list[Finding]:
    """Run every check at once; ends within five seconds, even if no service answers."""
    checks = _Checks(settings)
    storage = "S3_ENDPOINT_URL and S3_BUCKET"
    probes = (
        Probe("settings", "the environment", checks.settings),
        Probe("database", "DATABASE_URL", checks.database),
        Probe("Kafka", "KAFKA_URL", checks.topics),
        Probe("bucket", storage, checks.bucket),
        Probe("clock of the database", "DATABASE_URL", checks.database_clock),
        Probe("clock of Kafka", "KAFKA_URL", checks.kafka_clock),
        Probe("clock of storage", storage, checks.storage_clock),
        Probe("credentials", "TOKENS_FILE", checks.credentials),
        Probe("alerts", "DATABASE_URL", checks.alerts),
        Probe("statistics", "CLICKHOUSE_URL", checks.statistics),
        Probe("cache", "REDIS_URL", checks.cache),
    )
    return await run_selfcheck(probes)


class _Checks:
    """One method for each probe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def settings(self) -> Sequence[Finding]:
        return judge_settings(self._settings)

    async def database(self) -> Sequence[Finding]:
        async with Database.connect(self._settings.database, 1) as database:
            return judge_database(await find_database(database), self._settings.database_connections)

    async def topics(self) -> Sequence[Finding]:
        settings = self._settings
        durability = Durability(settings.topic_replication, settings.topic_min_insync_replicas)
        wanted = settings.topics.all
        brokers, found = await find_topics(settings.kafka, [spec.name for spec in wanted])
        told = tell_kafka(await find_protocol(settings.kafka))
        return [told, *judge_durability(durability, brokers), *judge_topics(wanted, found, durability)]

    async def bucket(self) -> Sequence[Finding]:
        async with S3ObjectStore(self._settings) as store:
            return judge_bucket(self._settings.s3_bucket, await refused_rights(store))

    async def database_clock(self) -> Sequence[Finding]:
        async with Database.connect(self._settings.database, 1) as database:
            sent = utc_now()
            there = await database.now()
            return [judge_clock("the database", (there - sent).total_seconds())]

    async def kafka_clock(self) -> Sequence[Finding]:
        settings = self._settings
        connected = KafkaEventLog.connect(settings.kafka, client_id="selfcheck", probe_topic=settings.topics.probe.name)
        async with connected as log:
            await log.probe()
            return [judge_clock("Kafka", log.clock_ahead)]

    async def storage_clock(self) -> Sequence[Finding]:
        async with S3ObjectStore(self._settings) as store:
            ahead, product = await clock_and_product(store)
            return [judge_clock("storage", ahead), tell_storage(product)]

    async def credentials(self) -> Sequence[Finding]:
        try:
            tokens = read_tokens(self._settings.tokens_file, self._settings.tokens_text)
        except TokensError as fault:
            return [error("credentials", str(fault), "correct the entry that the line names")]
        now = utc_now()
        return [*judge_ends(ends_of(self._settings, tokens), now), *judge_first_ends(first_ends_of(self._settings), now)]

    async def alerts(self) -> Sequence[Finding]:
        async with Database.connect(self._settings.database, 1) as database:
            found = await find_alerts(database, has_messenger=self._settings.alert_webhook_url is not None)
            return judge_alerts(found)

    async def statistics(self) -> Sequence[Finding]:
        settings = self._settings
        if settings.clickhouse_url is None:
            return [ok("statistics", "kept in the database")]
        async with open_clickhouse(settings.clickhouse_url, for_reports=True) as store:
            begun = time.monotonic()
            try:
                loads = await store.manifest()
                seconds = time.monotonic() - begun
                version = await store.version()
            except StoreUnavailable as failure:
                return [warning("statistics", str(failure).rstrip("."), _STATISTICS_DOWN)]
            return [ok("statistics", f"{len(loads)} days in ClickHouse {version}, which answered in {seconds * 1000:.0f} ms")]

    async def cache(self) -> Sequence[Finding]:
        url = self._settings.redis_url
        if url is None:
            return [ok("cache", "none: each report is read anew (REDIS_URL)")]
        async with RedisReportCache.connect(url.get_secret_value(), self._settings.redis_ca) as cache:
            try:
                await cache.probe()
                return [ok("cache", await cache.version())]
            except CacheMisconfigured as fault:
                return [error("cache", str(fault).rstrip("."), f"correct {fault.setting}")]
            except CacheUnavailable as failure:
                return [warning("cache", str(failure).rstrip("."), _CACHE_DOWN)]
