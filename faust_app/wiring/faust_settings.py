"""Faust's own settings, each with its reason."""

from collections.abc import Mapping
from typing import Any

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from faust_app.core.messages.limits import BUFFER_RECORDS, POLL_RECORDS, PUBLISH_SECONDS, REBALANCE_SECONDS
from faust_app.logs import configure_structlog, logging_config
from faust_app.settings import Settings
from faust_app.stream.lean_monitor import LeanMonitor

_WEEK_SECONDS = 7 * 24 * 3600


def faust_settings(settings: Settings, *, web_port: int) -> dict[str, Any]:
    """Return the arguments of `faust.App` that worker and web share; configures structlog."""
    configure_structlog()
    return {
        # Faust reads the environment too, which would override these: WEB_PORT is the port of our web process.
        "env_prefix": "SHOP_IMAGES_FAUST_",
        "broker": settings.kafka_url,
        "broker_credentials": _credentials(settings.kafka),
        "datadir": str(settings.data_dir),
        "autodiscover": False,
        # `setup` creates the topics. Nothing here runs on a leader, so its topic is not needed.
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        # No tables, no standbys: the assignor is Kafka's round robin. Changing it later would forbid rolling deploys.
        "table_standby_replicas": 0,
        # A rebalance forgets acknowledged but uncommitted offsets: a short interval means few duplicates.
        "broker_commit_interval": 1.0,
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": settings.session_timeout / 5,
        "broker_rebalance_timeout": REBALANCE_SECONDS,
        "broker_request_timeout": 90.0,
        # With every partition paused for this long, the client would leave its group and never return.
        "broker_max_poll_interval": float(_WEEK_SECONDS),
        # A partition that was added holds records at once: half a minute later it is assigned.
        "consumer_metadata_max_age_ms": 30_000,
        # What came to a partition before it was first assigned is to be read; `stream.consumer.rewinding` counts on it too.
        "consumer_auto_offset_reset": "earliest",
        # 0.2 x buffer >= partitions x poll must hold, or a backlog in one topic blocks the only fetch loop of the worker.
        "broker_max_poll_records": POLL_RECORDS,
        "stream_buffer_maxsize": BUFFER_RECORDS,
        # The client hands over what it fetched partition by partition, in the order it came: an express event waits for all that was
        # fetched before it. So little is fetched at a time, some ten events of a partition, and never less than one batch of a producer.
        "consumer_max_fetch_size": 4 * 1024,
        # Faust's default would wait 20 minutes for an unreachable leader.
        "producer_request_timeout": PUBLISH_SECONDS,
        "web_bind": settings.web_bind,
        "web_port": web_port,
        "web_router_enabled": False,
        "web_tables_enabled": False,
        "web_graph_enabled": False,
        "web_stats_enabled": False,
        "Monitor": LeanMonitor,
        "worker_redirect_stdouts": False,
        "logging_config": logging_config(settings.log_format),
    }


def _credentials(kafka: Mapping[str, Any]) -> Credentials | None:
    """Return what Faust's own clients of aiokafka get of the options that ours have: it derives the protocol from what is there."""
    context = kafka.get("ssl_context")
    if "sasl_mechanism" in kafka:
        return SASLCredentials(
            username=kafka["sasl_plain_username"],
            password=kafka["sasl_plain_password"],
            mechanism=kafka["sasl_mechanism"],
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)
