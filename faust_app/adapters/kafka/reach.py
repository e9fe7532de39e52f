"""Whether Kafka takes us in: asked before a client of aiokafka starts, which would log what it met and forget it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.admin import ApiVersionRequest

from faust_app.adapters.kafka.errors import kafka_sentence
from faust_app.core.failure import Dependency, Misconfigured, Unavailable
from faust_app.tls import TlsFault, tls_fault

_CONNECT_MS: Final = 5_000
_SETTING_OF: Final = {
    TlsFault.UNTRUSTED: "KAFKA_CA",
    TlsFault.EXPIRED: "the certificate of the broker in KAFKA_URL",
    TlsFault.NOT_YET_VALID: "the certificate of the broker in KAFKA_URL",
    TlsFault.OTHER_HOST: "KAFKA_URL",
    TlsFault.REFUSED: "KAFKA_CERTIFICATE and KAFKA_KEY",
    TlsFault.NOT_TLS: "KAFKA_URL and KAFKA_SECURITY",
}


async def find_versions(kafka: Mapping[str, Any]) -> Mapping[int, int]:
    """Return the newest version that a broker speaks of each kind of request, by its number. Raises as `reach` does, and KafkaError."""
    server = (await reach(kafka))["bootstrap_servers"][0]
    connection = await _connected(server, kafka)
    try:
        answer = await connection.send(ApiVersionRequest())
    finally:
        connection.close()
    return {request: newest for request, _oldest, newest in answer.api_versions}


async def reach(kafka: Mapping[str, Any]) -> dict[str, Any]:
    """Connect and log in to all servers at once; return the options with the first that answers alone, from which a client learns the rest.

    A client of its own would ask them one by one, and wait at each that drops packets. Raises Unavailable, and Misconfigured where
    waiting is in vain.
    """
    attempts = {asyncio.create_task(_answers(server, kafka)): server for server in kafka["bootstrap_servers"]}
    failures: list[Unavailable] = []
    waiting = set(attempts)
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for attempt in done:
                failure = attempt.result()
                if failure is None:
                    return {**kafka, "bootstrap_servers": [attempts[attempt]]}
                failures.append(failure)
    finally:
        for attempt in waiting:
            attempt.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    raise next((failure for failure in failures if isinstance(failure, Misconfigured)), failures[0])


async def _answers(server: str, kafka: Mapping[str, Any]) -> Unavailable | None:
    """Return None if the server takes us in, and else why not."""
    try:
        connection = await _connected(server, kafka)
    except (KafkaError, OSError, TimeoutError, ValueError) as error:
        return _failure(error)
    connection.close()
    return None


async def _connected(server: str, kafka: Mapping[str, Any]) -> Any:
    host, _, port = server.rpartition(":")
    options = {name: value for name, value in kafka.items() if name != "bootstrap_servers"}
    # It asks for the broker's versions too: with TLS 1.3 a broker refuses a certificate only after the handshake.
    return await create_conn(host.strip("[]"), int(port), request_timeout_ms=_CONNECT_MS, **options)


def _failure(error: BaseException) -> Unavailable:
    fault = tls_fault(error)
    match error:
        case SaslAuthenticationFailed():
            failure: Unavailable = _misconfigured("Kafka refuses the user or the password.", "KAFKA_USERNAME and KAFKA_PASSWORD")
        case UnsupportedSaslMechanismError() | IllegalSaslStateError():
            failure = _misconfigured("Kafka offers no such way to log in.", "KAFKA_SECURITY and KAFKA_SASL_MECHANISM")
        case _ if fault in _SETTING_OF:
            failure = _misconfigured(f"Kafka {fault.value}.", _SETTING_OF[fault])
        case ValueError():
            failure = _misconfigured("A server of Kafka lacks its port.", "KAFKA_URL")
        case ConnectionResetError() | KafkaConnectionError():
            failure = Unavailable(Dependency.KAFKA, "Kafka closed the connection: KAFKA_SECURITY may not fit this port.")
        case _:
            failure = Unavailable(Dependency.KAFKA, kafka_sentence(error))
    failure.__cause__ = error
    return failure


def _misconfigured(sentence: str, setting: str) -> Misconfigured:
    return Misconfigured(Dependency.KAFKA, sentence, setting=setting)
