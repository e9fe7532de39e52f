"""A worker's breakers and sources, and the gate that they keep."""

import hashlib
import random
from dataclasses import dataclass

from faust_app.adapters.mariadb.workers import MariaWorkerRegister
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.failure import Dependency
from faust_app.core.images.retry import JITTER
from faust_app.flows.monitoring.worker_load import WorkerLoadReport
from faust_app.flows.ports.maintenance import WorkerRegister
from faust_app.flows.ports.transfer import Fetcher
from faust_app.flows.resilience.breakers import Breakers, Probe
from faust_app.flows.resilience.egress import EgressMonitor, EgressProbe
from faust_app.flows.resilience.gate import Gate
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.flows.resilience.sources import Sources
from faust_app.wiring.common import Parts


@dataclass(frozen=True, slots=True)
class Resilience:
    """What decides whether a worker may start events, and which."""

    breakers: Breakers
    internal_errors: InternalErrorBreaker
    gate: Gate
    load: WorkerLoadReport
    register: WorkerRegister
    sources: Sources


def build_resilience(parts: Parts, fetcher: Fetcher, pace: SourcePace, held: HeldEvents, *, name: str) -> Resilience:
    """Assemble the breakers and sources of the worker called `name`."""
    settings, alerts = parts.settings, parts.alerts
    register = MariaWorkerRegister(parts.database, name, settings.release)
    internal_errors = InternalErrorBreaker(parts.repository, register, alerts, held, jitter)
    egress_probe = EgressProbe(pace.egress, fetcher, settings.egress_probe_url)
    probes = _probes(parts, name, internal_errors, egress_probe)
    breakers = Breakers(probes, parts.metrics, alerts, held, delays={Dependency.EGRESS: pace.egress.probe_delay})
    egress = EgressMonitor(pace.egress, egress_probe, breakers[Dependency.EGRESS])
    gate = Gate(breakers, internal_errors)
    return Resilience(
        breakers=breakers,
        internal_errors=internal_errors,
        gate=gate,
        load=WorkerLoadReport(register, held, gate),
        register=register,
        sources=Sources(
            parts.repository, parts.source_records, clock=parts.database, egress=egress, pace=pace, alerts=alerts, jitter=jitter
        ),
    )


def _probes(parts: Parts, name: str, internal_errors: InternalErrorBreaker, egress_probe: EgressProbe) -> dict[Dependency, Probe]:
    """Return a small operation of the worker's own on each dependency: an object, its row, a record, a connection."""

    async def put_object() -> None:
        key = f"probe/{hashlib.sha256(name.encode()).hexdigest()[:20]}"
        await parts.store.put_mark(key)

    return {
        Dependency.STORAGE: put_object,
        Dependency.DATABASE: internal_errors.probe,
        Dependency.KAFKA: parts.event_log.probe,
        Dependency.EGRESS: egress_probe.reach_any,
    }


def jitter() -> float:
    """Draw the factor that spreads a delay."""
    return random.uniform(*JITTER)  # noqa: S311 - spreads retries, no secret
