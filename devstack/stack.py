"""All services of one stack, started together and stopped together.

with Stack(folder, Ports.free(), cache=Path(".devstack")) as stack:
    settings = stack.environment()
    stack.mariadb.kill()
    stack.mariadb.start()
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Self

from devstack import guard
from devstack.authority import Authority
from devstack.errors import DevstackError
from devstack.image_source.service import ImageSource
from devstack.kafka import Kafka
from devstack.mariadb import MariaDB
from devstack.seaweedfs import BUCKET, REGION, SeaweedFS
from devstack.secrets import Secrets, write_private
from devstack.valkey import Valkey

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from devstack.ports import Ports
    from devstack.service import Service


class Stack:
    """The five services, with their data under `folder` and their downloads under `cache`.

    Several stacks may share one cache and run at the same time, each with a separate folder and ports. In a secured one Kafka,
    MariaDB and SeaweedFS also speak TLS, with certificates of the stack's own authority.
    """

    def __init__(self, folder: Path, ports: Ports, cache: Path, *, secured: bool = False) -> None:
        self.folder = folder.absolute()
        self.ports = ports
        self.secrets = Secrets.of(self.folder)
        cache = cache.absolute()
        self.authority = authority = Authority(self.folder / "tls") if secured else None
        self.kafka = Kafka(self.folder, ports, cache, self.secrets.kafka_password, authority)
        self.mariadb = MariaDB(self.folder, ports, cache, self.secrets.database_password, authority)
        self.seaweedfs = SeaweedFS(self.folder, ports, self.secrets.s3_access_key_id, self.secrets.s3_secret_access_key, authority)
        self.valkey = Valkey(self.folder, ports)
        self.image_source = ImageSource(self.folder, ports)
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def services(self) -> tuple[Service, ...]:
        """The services, slowest first."""
        return (self.kafka, self.mariadb, self.seaweedfs, self.valkey, self.image_source)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_error: object) -> None:
        self.down()

    def up(self, *, guarded: bool = True, started: Callable[[Service], None] = lambda _: None) -> None:
        """Start all services at once and return when all answer; `started` is called for each as it does.

        If one cannot start, all are stopped and its DevstackError is raised; to try again, create another Stack.
        Unless `guarded` is False, the services are also stopped when this process ends without calling `down`, even by
        SIGKILL.
        """
        write_private(self.folder / "tokens.toml", self.secrets.tokens_file())
        if guarded:
            self._guard = guard.watch_over(self.folder)
        try:
            self._start_all(started)
        except BaseException:
            self._abandon()
            raise

    def down(self) -> None:
        """Stop all services at once; their data stays."""
        self._in_threads(lambda service: service.stop())
        self._dismiss_guard()

    def environment(self) -> dict[str, str]:
        """Return the settings by which the product reaches these services, and the ports it listens on."""
        ports = self.ports
        return {
            "KAFKA_URL": f"kafka://{self.kafka.address}",
            "DATABASE_URL": self.mariadb.url,
            "S3_ENDPOINT_URL": self.seaweedfs.address,
            "S3_BUCKET": BUCKET,
            "PUBLIC_BASE_URL": f"{self.seaweedfs.address}/{BUCKET}",
            "S3_ACCESS_KEY_ID": self.secrets.s3_access_key_id,
            "S3_SECRET_ACCESS_KEY": self.secrets.s3_secret_access_key,
            "S3_REGION": REGION,
            "REDIS_URL": self.valkey.address,
            "TOKENS_FILE": str(self.folder / "tokens.toml"),
            "SOURCE_ALLOW": ",".join(f"127.0.0.1:{port}" for port in ports.image_sources),
            "WEB_PORT": str(ports.web),
            "WORKER_PORT": str(ports.worker),
            "STATISTICS_PORT": str(ports.stats),
            "REPORT_LINK_SECRET": self.secrets.report_link_secret,
            "DATA_DIR": str(self.folder / "faust"),
            "TOPIC_REPLICATION": "1",
            "TOPIC_MIN_INSYNC_REPLICAS": "1",
            "LOG_FORMAT": "console",
            "WEB_URL": f"http://127.0.0.1:{ports.web}",
            "WORKER_URL": f"http://127.0.0.1:{ports.worker}",
            "STATS_URL": f"http://127.0.0.1:{ports.stats}",
            "SOURCE_URL": self.image_source.address,
            "INTAKE_TOKEN": self.secrets.intake_token,
            "OPERATE_TOKEN": self.secrets.operate_token,
        }

    def statistics_environment(self) -> dict[str, str]:
        """Return the settings by which the process `stats` owns an embedded ClickHouse; without them the database is the store."""
        return {
            "STATISTICS_DIR": str(self.folder / "statistics"),
            "CLICKHOUSE_URL": f"http://stats:{self.secrets.statistics_password}@127.0.0.1:{self.ports.stats}/default",
        }

    def _start_all(self, started: Callable[[Service], None]) -> None:
        outcomes: queue.Queue[tuple[Service, BaseException | None]] = queue.Queue()
        for service in self.services:
            threading.Thread(target=_start_one, args=(service, outcomes), daemon=True).start()
        for _ in self.services:
            service, error = outcomes.get()
            if error is not None:
                raise error
            started(service)

    def _abandon(self) -> None:
        self._in_threads(lambda service: service.abandon())
        self._dismiss_guard()

    def _in_threads(self, act: Callable[[Service], None]) -> None:
        threads = [threading.Thread(target=act, args=(service,)) for service in self.services]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _dismiss_guard(self) -> None:
        if self._guard is not None:
            guard.dismiss(self._guard)
            self._guard = None


def _start_one(service: Service, outcomes: queue.Queue[tuple[Service, BaseException | None]]) -> None:
    try:
        service.start()
    except DevstackError as error:
        outcomes.put((service, error))
    except Exception as error:  # noqa: BLE001 - any error has to reach the waiting thread
        outcomes.put((service, error))
    else:
        outcomes.put((service, None))
