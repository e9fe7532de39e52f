"""Faust's own settings, and why each is what it is."""

from typing import Any

from faust_app.logs import configure_structlog, logging_config
from faust_app.settings import Settings

_WEEK_SECONDS = 7 * 24 * 3600


def faust_settings(settings: Settings, *, web_port: int) -> dict[str, Any]:
    """Return the arguments of `faust.App` that worker and web share; configures structlog."""
    configure_structlog()
    return {
        # Faust reads the environment too, and it would win over these: WEB_PORT means the web process to us.
        "env_prefix": "SHOP_IMAGES_FAUST_",
        "broker": settings.kafka_url,
        "datadir": str(settings.data_dir),
        "autodiscover": False,
        # `setup` creates the topics; a leader topic would be one more, and nothing here runs on a leader.
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        # Without tables: Kafka's own round robin, and no standby to change the group's protocol.
        "table_standby_replicas": 0,
        # Few duplicates after a rebalance, quick takeover after a death.
        "broker_commit_interval": 1.0,
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": settings.session_timeout / 5,
        "broker_rebalance_timeout": 60.0,
        "broker_request_timeout": 90.0,
        # With everything paused the client would leave its group for good after this time.
        "broker_max_poll_interval": float(_WEEK_SECONDS),
        # 0.2 x buffer >= partitions x poll: or a deep topic blocks the one fetch loop of the worker.
        "broker_max_poll_records": 50,
        "stream_buffer_maxsize": 4000,
        "producer_request_timeout": 15.0,
        "web_bind": settings.web_bind,
        "web_port": web_port,
        "web_router_enabled": False,
        "web_tables_enabled": False,
        "worker_redirect_stdouts": False,
        "logging_config": logging_config(settings.log_format),
    }
