"""Every setting: its type, default and one-line description, read from the environment (12-factor) or `.env`."""

from datetime import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from faust_app.core.alerts.webhook_format import parse_secret, parse_template
from faust_app.core.dispatch.host_limit import parse_host_limits
from faust_app.core.messages.topics import Topics
from faust_app.core.operators.remote import parse_proxies
from faust_app.core.reports.embed import parse_origins
from faust_app.core.reports.link import MIN_SECRET_BYTES
from faust_app.core.sources.addresses import parse_opened, parse_ports
from faust_app.tls import CertificateError, client_context, pem_of

_DAY_SECONDS = 24 * 3600


ALL_INTERFACES: Final = "0.0.0.0"  # noqa: S104 - a platform's router comes from outside


class Listening(NamedTuple):
    """An address to listen on."""

    host: str
    port: int

    @property
    def place(self) -> str:
        """Host and port as they stand in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class SettingsError(Exception):
    """The environment does not hold valid settings; the message names each wrong setting and its error, one per line."""


class Settings(BaseSettings):
    """The settings of every process; the environment variable of each is its name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True)

    kafka_url: str = Field("kafka://127.0.0.1:9092", description="Kafka's bootstrap servers: `kafka://host:port[,host:port]`.")
    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", description="How to speak to Kafka: with TLS (`ssl`), with user and password (`sasl_plaintext`), or both."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How user and password are sent."
    )
    kafka_username: str | None = Field(None, min_length=1, description="User of Kafka; required by `sasl_plaintext` and `sasl_ssl`.")
    kafka_password: SecretStr | None = Field(None, min_length=1, description="Password of that user.")
    kafka_ca: str | None = Field(None, description="Authority that signs the brokers' certificates, a path or PEM; empty: the system's.")
    kafka_certificate: str | None = Field(
        None, description="Our own certificate with its chain, a path or PEM, where the brokers ask for one."
    )
    kafka_key: SecretStr | None = Field(None, description="Its private key without a passphrase, a path or PEM.")
    database_url: SecretStr = Field(
        SecretStr("mysql://shop_images@127.0.0.1:3306/shop_images"),
        description="MariaDB or MySQL: `mysql://user:password@host:port/database`.",
    )
    database_ca: str | None = Field(
        None,
        description="Authority that signs the database's certificate, a path, PEM or `system`; connections are then by TLS alone.",
    )
    database_connections: int = Field(8, ge=2, le=200, description="Database connections a process keeps open at most.")
    database_disk_bytes: int | None = Field(
        None, gt=0, description="Size of the database's disk in bytes, for the alert that it fills up; without it there is none."
    )
    s3_endpoint_url: str | None = Field(None, description="Endpoint of the S3-compatible storage; empty means Amazon S3.")
    s3_ca: str | None = Field(None, description="Authority that signs the storage's certificate, a path or PEM; empty: the system's.")
    s3_bucket: str = Field("shop-images", min_length=3, description="Bucket that holds the images.")
    s3_region: str = Field("us-east-1", description="Region of the bucket.")
    s3_access_key_id: str | None = Field(
        None, description="Access key; empty means AWS's own ways: its environment, a container's or an instance's role."
    )
    s3_secret_access_key: SecretStr | None = Field(None, description="Secret of the access key.")
    tokens_file: Path | None = Field(
        None,
        description="TOML file of bearer tokens and their scopes, read again when it changes; without tokens, protected pages answer 401.",
    )
    tokens: SecretStr | None = Field(None, description="The same as text, TOML or JSON; a name in both is an error.")

    token_rate: float = Field(
        2000, gt=0, description="Images a second that a token may send to, or ask of, one web process; more is answered with 429."
    )
    token_burst: int = Field(20_000, ge=1000, description="Images that a token may send at once after a quiet time.")

    feed_readers: int = Field(
        200,
        ge=1,
        le=10_000,
        description="Readers of `/v1/changes` that one web process serves at once; more are answered with 503.",
    )

    app_id: str = Field("shop-images", pattern=r"^[a-z0-9._-]+$", description="Consumer group of the workers.")
    topic_prefix: str = Field("shop-images.", pattern=r"^[A-Za-z0-9._-]*$", description="Prefix of every topic name.")
    topic_replication: int = Field(3, ge=1, description="Replicas of each topic that `setup` creates.")
    topic_min_insync_replicas: int = Field(2, ge=1, description="Replicas that must have a record before it counts as published.")
    data_dir: Path = Field(Path(".shop-images"), description="Folder for Faust's own files.")

    web_bind: str = Field("127.0.0.1", description="Address the built-in web servers listen on.")
    web_port: int = Field(6065, ge=1, le=65535, description="Port of the web process.")
    port: int | None = Field(
        None, ge=1, le=65535, description="Port that a platform gives the web process, on `0.0.0.0`; `WEB_PORT` and `WEB_BIND` win over it."
    )
    trusted_proxies: str | None = Field(
        None, description="Addresses and networks of our own proxies, whose `X-Forwarded-For` names the sender; comma-separated."
    )
    worker_port: int = Field(6066, ge=1, le=65535, description="Port of a worker's web views; `--web-port` overrides it.")

    fair_shares: bool = Field(
        True, description="Whether shops get fair shares; false, for comparison: no `express`, and events of all shops in turn."
    )
    express_rate: float = Field(
        1.0, ge=0.01, le=1000, allow_inf_nan=False, description="Images a second that a shop may send by `express`; more are `bulk`."
    )
    express_burst: int = Field(20, ge=1, le=10_000, description="Images that a shop may send by `express` at once after a quiet time.")
    express_deletes: float = Field(
        50.0, ge=0.01, le=10_000, allow_inf_nan=False, description="Deletes a second that a shop may send by `express`, and at once."
    )

    slots: int = Field(
        128, ge=1, le=1000, description="Images a worker transfers at the same time at most; how many below that, it finds by itself."
    )
    read_ahead: int = Field(4000, ge=1, description="Events of one topic a worker holds at most.")
    read_ahead_per_partition: int = Field(400, ge=1, description="Events of one partition a worker holds before it pauses the partition.")
    event_deadline: float = Field(45.0, gt=0, le=55, description="Seconds an event may take before it is aborted.")
    drain_grace: float = Field(5.0, ge=0, le=8, description="Seconds that running events get when a worker stops or partitions move.")
    session_timeout: float = Field(20.0, ge=6, le=60, description="Seconds until a dead worker's partitions move to other workers.")
    publish_lease: float = Field(20.0, ge=5, description="Seconds a publisher has before another may publish the same row.")
    results_kept_days: int = Field(
        7, ge=1, le=90, description="Days that readers of the feed of changes can be behind; published results that are older are deleted."
    )
    replaced_grace: float = Field(
        604800.0, ge=0, description="Seconds a replaced object stays readable, for mails and feeds that keep old addresses."
    )
    rescue_interval: float = Field(15.0, ge=1, description="Seconds between two searches for lost rows, whose event left no outcome.")
    collect_interval: float = Field(30.0, ge=1, description="Seconds between two passes of the garbage collector.")

    snapshot_interval: float = Field(10.0, ge=1, le=30, description="Seconds between two samples of lag and unfinished images.")
    lagging_after: float = Field(300.0, gt=0, description="Seconds an event may wait before `/lag` reports LAGGING.")
    stalled_after: float = Field(86400.0, gt=0, description="Seconds an image may be in progress before `/stalled` counts it.")
    watchdog_after: float = Field(
        120.0, gt=0, description="Seconds a worker with work may make no progress before it ends itself; above `EVENT_DEADLINE`."
    )

    retry_delays: Annotated[tuple[float, float, float], NoDecode] = Field(
        (10.0, 60.0, 300.0), description="Seconds before the first, second and third retry; each varies by up to 25 %."
    )
    worker_name: str | None = Field(None, max_length=120, description="Name of this worker in the database; empty means its host and port.")
    release: str = Field(
        version("shop-images"), max_length=120, description="Deployed release; a new value resumes workers stopped after internal errors."
    )

    fetch_connect_timeout: float = Field(3.0, gt=0, description="Seconds that connecting to a source may take.")
    fetch_timeout: float = Field(20.0, gt=0, description="Seconds that a whole download may take.")
    source_ports: str = Field("80,443", description="Ports that images may be fetched from, comma-separated.")
    source_allow: str | None = Field(
        None, description="The platform's own image servers: `host:port` and networks, comma-separated; metadata addresses stay closed."
    )
    source_host_limits: str | None = Field(
        None,
        description="Fetches at once from the platform's own servers: `host=number` or `host:port=number`; for others it is found.",
    )
    max_image_bytes: int = Field(20 * 1024 * 1024, ge=1024, description="Largest file that is stored, in bytes.")
    strip_metadata: bool = Field(
        False, description="Store JPEG, PNG, GIF and WebP without EXIF (but for the orientation), XMP, comments and texts."
    )
    image_check_level: Literal["decode", "structure"] = Field(
        "decode", description="`decode` decodes every frame, `structure` checks header and end only, for a fraction of the CPU."
    )
    image_check_processes: int = Field(2, ge=1, le=64, description="Child processes per worker that decode images; each takes 21 MiB.")
    egress_probe_url: str | None = Field(None, description="Address on the internet; while it too is unreachable, our own network is down.")
    contact_url: str | None = Field(None, description="Contact address in the User-Agent header, for owners of sources.")

    alert_webhook_url: SecretStr | None = Field(None, description="Address that alerts are sent to; without it none are sent.")
    alert_webhook_format: Literal["standard", "slack", "template"] = Field(
        "standard", description="`standard` (Standard Webhooks), `slack`, or `template` for any other messenger."
    )
    alert_webhook_secret: SecretStr | None = Field(
        None, description="Key that signs alerts: `whsec_` and base64, as in Standard Webhooks; required by `standard`."
    )
    alert_webhook_template: str | None = Field(
        None, description="JSON with `{{title}}`, `{{text}}`, `{{severity}}`, `{{form}}`, `{{time}}` or `{{causes}}` in its strings."
    )
    platform_zone: str = Field("UTC", description="The platform's time zone (IANA), for daily jobs and messages.")
    digest_at: str = Field(
        "09:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of the daily digest of the shops' faults, in that zone."
    )
    daily_at: str = Field(
        "03:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of the daily check and of the deletion of old rows, in that zone."
    )
    daily_all_well: bool = Field(False, description="Send a message even when the daily check finds nothing, as a sign of life.")
    clickhouse_url: SecretStr | None = Field(
        None,
        description="ClickHouse or the process `stats`, `http://user:password@host:port/database`; else the database keeps the statistics.",
    )
    statistics_dir: Path | None = Field(
        None, description="Folder of the embedded ClickHouse, which `stats` serves at `CLICKHOUSE_URL` with its password; empty: none."
    )
    statistics_port: int = Field(
        6067,
        ge=1,
        le=65535,
        description="Port of the process `stats`, on `WEB_BIND`; with `STATISTICS_DIR` on the loopback interface alone.",
    )
    statistics_close_day: int = Field(
        3, ge=1, le=28, description="Day of the next month on which the figures of a month become final, in the platform's zone."
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis or Valkey that keeps reports, `redis://:password@host:port/0`, by TLS with `rediss://`; without it none."
    )
    redis_ca: str | None = Field(None, description="Authority that signs the cache's certificate, a path or PEM; empty: the system's.")
    public_base_url: str | None = Field(
        None, description="Public address of the bucket or its CDN; `/i/{shop_no}/{image_id}` redirects to an object's key below it."
    )
    web_public_url: str | None = Field(
        None, description="Public address of the web process: for links, the only host of its pages, and the only origin of changes."
    )
    report_link_secret: SecretStr | None = Field(
        None, description="Key of at least 32 bytes that signs the links which let a shop's people in; without it there are none."
    )
    egress_addresses: str | None = Field(
        None, description="Addresses and networks that images are fetched from, comma-separated; shown to shops, and to nothing else."
    )
    report_embed_origins: str | None = Field(
        None, description="Origins whose pages may show a shop's pages in a frame, comma-separated; without them none may."
    )

    log_format: Literal["json", "console"] = Field("json", description="`json` for machines, `console` for development.")

    @field_validator(
        "s3_endpoint_url", "s3_access_key_id", "s3_secret_access_key", "s3_ca", "database_ca", "redis_ca", "kafka_ca", "kafka_certificate",
        "kafka_key", "kafka_username", "kafka_password", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("retry_delays", mode="before")
    @classmethod
    def _three_delays(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value

    @field_validator("retry_delays")
    @classmethod
    def _delays_in_bounds(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if not all(0 < delay <= _DAY_SECONDS for delay in value):
            raise ValueError("must be three numbers of seconds, each above 0 and at most a day, like 10,60,300")
        return value

    @field_validator("source_ports")
    @classmethod
    def _source_ports_are_ports(cls, value: str) -> str:
        parse_ports(value)
        return value

    @field_validator("source_allow")
    @classmethod
    def _source_allow_names_servers(cls, value: str | None) -> str | None:
        parse_opened(value or "")
        return value

    @field_validator("source_host_limits")
    @classmethod
    def _source_host_limits_are_numbers_of_hosts(cls, value: str | None) -> str | None:
        parse_host_limits(value or "")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _trusted_proxies_are_networks(cls, value: str | None) -> str | None:
        parse_proxies(value or "")
        return value

    @field_validator("kafka_url")
    @classmethod
    def _kafka_url_names_servers(cls, value: str) -> str:
        if not value.startswith("kafka://") or len(value) == len("kafka://"):
            raise ValueError("must look like kafka://host:port")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_url_names_a_database(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if (
            not _has_port_or_none(parts)
            or parts.scheme != "mysql"
            or not parts.hostname
            or not parts.username
            or len(parts.path) < len("/x")
        ):
            raise ValueError("must look like mysql://user:password@host:port/database")
        return value

    @field_validator("s3_endpoint_url", "public_base_url", "alert_webhook_url", "web_public_url", "egress_probe_url")
    @classmethod
    def _is_a_web_address(cls, value: SecretStr | str | None) -> SecretStr | str | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not _is_http(text):
            raise ValueError("must look like https://host/path")
        return value.rstrip("/") if isinstance(value, str) else value

    @field_validator("clickhouse_url")
    @classmethod
    def _store_is_a_server(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value is not None else None
        if parts is not None and not (_has_port_or_none(parts) and parts.scheme in {"http", "https"} and parts.hostname):
            raise ValueError("must look like http://user:password@host:8123/database")
        return value

    @field_validator("redis_url")
    @classmethod
    def _cache_is_a_server(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value is not None else None
        if parts is not None and not (_has_port_or_none(parts) and parts.scheme in {"redis", "rediss"} and parts.hostname):
            raise ValueError("must look like redis://:password@host:6379/0")
        return value

    @model_validator(mode="after")
    def _kafka_has_what_its_security_needs(self) -> Self:
        user = (("kafka_username", self.kafka_username), ("kafka_password", self.kafka_password))
        certificates = (("kafka_ca", self.kafka_ca), ("kafka_certificate", self.kafka_certificate), ("kafka_key", self.kafka_key))
        logs_in, encrypts = "sasl" in self.kafka_security, "ssl" in self.kafka_security
        unused = (() if logs_in else user) + (() if encrypts else certificates)
        for name in (name for name, value in unused if value is not None):
            raise ValueError(f"{name.upper()}: has no meaning with KAFKA_SECURITY={self.kafka_security}")
        for name in (name for name, value in user if logs_in and value is None):
            raise ValueError(f"{name.upper()}: is needed for KAFKA_SECURITY={self.kafka_security}")
        if (self.kafka_certificate is None) != (self.kafka_key is None):
            raise ValueError("KAFKA_CERTIFICATE: needs KAFKA_KEY, and the other way round")
        return self

    @model_validator(mode="after")
    def _certificates_are_used(self) -> Self:
        if self.s3_ca is not None and not (self.s3_endpoint_url or "https:").startswith("https:"):
            raise ValueError("S3_CA: needs an S3_ENDPOINT_URL that begins with https://")
        if self.redis_ca is not None and (self.redis_url is None or not self.redis_url.get_secret_value().startswith("rediss:")):
            raise ValueError("REDIS_CA: needs a REDIS_URL that begins with rediss://")
        if (self.s3_access_key_id is None) != (self.s3_secret_access_key is None):
            raise ValueError("S3_ACCESS_KEY_ID: needs S3_SECRET_ACCESS_KEY, and the other way round")
        return self

    @model_validator(mode="after")
    def _certificates_can_be_read(self) -> Self:
        for name in ("kafka_ca", "database_ca", "s3_ca", "redis_ca"):
            _usable(name, getattr(self, name))
        if self.kafka_certificate is not None and self.kafka_key is not None:
            key = self.kafka_key.get_secret_value()
            _readable("kafka_certificate", self.kafka_certificate)
            _readable("kafka_key", key)
            _usable("kafka_certificate", self.kafka_ca, self.kafka_certificate, key)
        return self

    @model_validator(mode="after")
    def _embedded_store_has_an_address(self) -> Self:
        if self.statistics_dir is None:
            return self
        parts = urlsplit(self.clickhouse_url.get_secret_value() if self.clickhouse_url is not None else "")
        if parts.hostname not in {"127.0.0.1", "localhost", "::1"} or parts.port != self.statistics_port:
            port = self.statistics_port
            raise ValueError(f"CLICKHOUSE_URL: must be http://127.0.0.1:{port}/ where STATISTICS_DIR and STATISTICS_PORT={port} are set")
        if not self.clickhouse_password:
            raise ValueError(
                "CLICKHOUSE_URL: needs a user and a password of your choice where STATISTICS_DIR is set, as in http://user:password@127.0.0.1"
            )
        return self

    @field_validator("alert_webhook_secret")
    @classmethod
    def _secret_is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_secret(value.get_secret_value())
        return value

    @field_validator("alert_webhook_template")
    @classmethod
    def _template_is_json(cls, value: str | None) -> str | None:
        if value is not None:
            parse_template(value)
        return value

    @field_validator("report_link_secret")
    @classmethod
    def _link_secret_is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"must have at least {MIN_SECRET_BYTES} bytes; `openssl rand -hex 32` makes one")
        return value

    @field_validator("egress_addresses")
    @classmethod
    def _egress_addresses_are_networks(cls, value: str | None) -> str | None:
        parse_proxies(value or "")
        return value

    @field_validator("report_embed_origins")
    @classmethod
    def _embed_origins_are_origins(cls, value: str | None) -> str | None:
        parse_origins(value or "")
        return value

    @field_validator("platform_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("is not a time zone of the IANA database, like Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _webhook_has_what_its_format_needs(self) -> Self:
        needs = {"standard": "alert_webhook_secret", "template": "alert_webhook_template"}
        needed = needs.get(self.alert_webhook_format)
        if self.alert_webhook_url is not None and needed is not None and getattr(self, needed) is None:
            raise ValueError(f"{needed.upper()}: is needed for ALERT_WEBHOOK_FORMAT={self.alert_webhook_format}")
        return self

    @model_validator(mode="after")
    def _replicas_can_acknowledge(self) -> Self:
        if self.topic_min_insync_replicas > self.topic_replication:
            copies = self.topic_replication
            raise ValueError(f"TOPIC_MIN_INSYNC_REPLICAS: must be at most TOPIC_REPLICATION={copies}, or nothing could be published")
        return self

    @model_validator(mode="after")
    def _watchdog_waits_for_every_event(self) -> Self:
        if self.watchdog_after <= self.event_deadline:
            raise ValueError("WATCHDOG_AFTER: must be above EVENT_DEADLINE, or one slow event would end a worker")
        return self

    @property
    def clickhouse_password(self) -> str:
        """The password of `CLICKHOUSE_URL`, empty without one."""
        url = self.clickhouse_url.get_secret_value() if self.clickhouse_url is not None else ""
        return unquote(urlsplit(url).password or "")

    @property
    def user_agent(self) -> str:
        """What sources read of who fetches their images."""
        contact = f" (+{self.contact_url})" if self.contact_url else ""
        return f"shop-images/{version('shop-images')}{contact}"

    @property
    def shown_egress(self) -> list[str]:
        """The addresses and networks that images are fetched from, as they are shown."""
        return [part.strip() for part in (self.egress_addresses or "").split(",") if part.strip()]

    @property
    def limits_of_hosts(self) -> dict[str, int]:
        """Fetches at once from the platform's own image servers, by host."""
        return parse_host_limits(self.source_host_limits or "")

    @property
    def bootstrap_servers(self) -> list[str]:
        """Kafka's servers as `host:port`."""
        return self.kafka_url.removeprefix("kafka://").split(",")

    @property
    def tokens_text(self) -> str | None:
        """The tokens of the environment."""
        return None if self.tokens is None else self.tokens.get_secret_value()

    @property
    def listening(self) -> Listening:
        """Where the web process listens: what is set by name wins over what a platform gives to every process."""
        if self.port is None or "web_port" in self.model_fields_set:
            return Listening(self.web_bind, self.web_port)
        return Listening(self.web_bind if "web_bind" in self.model_fields_set else ALL_INTERFACES, self.port)

    @property
    def kafka(self) -> dict[str, Any]:
        """Servers, TLS and user as keyword arguments of every client of aiokafka; includes the password."""
        options: dict[str, Any] = {"bootstrap_servers": self.bootstrap_servers, "security_protocol": self.kafka_security.upper()}
        if "ssl" in self.kafka_security:
            key = None if self.kafka_key is None else self.kafka_key.get_secret_value()
            options["ssl_context"] = client_context(self.kafka_ca, self.kafka_certificate, key)
        if "sasl" in self.kafka_security:
            options["sasl_mechanism"] = self.kafka_sasl_mechanism
            options["sasl_plain_username"] = self.kafka_username
            options["sasl_plain_password"] = self.kafka_password.get_secret_value() if self.kafka_password is not None else None
        return options

    @property
    def topics(self) -> Topics:
        """The topics of this installation."""
        return Topics.named(self.topic_prefix)

    @property
    def requests_group(self) -> str:
        """Consumer group of the readers of `requests`."""
        return f"{self.app_id}-requests"

    @property
    def zone(self) -> ZoneInfo:
        """The platform's time zone."""
        return ZoneInfo(self.platform_zone)

    @property
    def digest_time(self) -> time:
        """Time of the digest, in the platform's time zone."""
        return time.fromisoformat(self.digest_at)

    @property
    def daily_time(self) -> time:
        """Time of the daily jobs, in the platform's time zone."""
        return time.fromisoformat(self.daily_at)

    @property
    def database(self) -> dict[str, Any]:
        """The database's address as keyword arguments of a MySQL driver; includes the password."""
        parts = urlsplit(self.database_url.get_secret_value())
        tls = {} if self.database_ca is None else {"ssl": client_context(self.database_ca)}
        return {
            **tls,
            "host": parts.hostname or "",
            "port": parts.port or 3306,
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "db": unquote(parts.path.removeprefix("/")),
        }


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings.

    Raises SettingsError, which names each wrong setting and never repeats its value.
    """
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        raise SettingsError("\n".join(_line(problem["loc"], problem["msg"]) for problem in error.errors())) from error


def _line(place: tuple[int | str, ...], reason: str) -> str:
    what = reason.removeprefix("Value error, ")
    return f"{'.'.join(map(str, place)).upper()}: {what}" if place else what  # a rule over several settings names one in its message


def _usable(name: str, ca: str | None, certificate: str | None = None, key: str | None = None) -> None:
    """Raise ValueError where no TLS context comes of a setting."""
    if ca is None and certificate is None:
        return
    try:
        client_context(ca, certificate, key)
    except CertificateError as error:
        raise ValueError(f"{name.upper()}: {error}") from error


def _readable(name: str, text: str) -> None:
    """Raise ValueError where a setting is neither PEM nor a file of it."""
    try:
        pem_of(text)
    except CertificateError as error:
        raise ValueError(f"{name.upper()}: {error}") from error


def _has_port_or_none(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _is_http(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and _has_port_or_none(parts) and text.isprintable()
    except ValueError:
        return False
