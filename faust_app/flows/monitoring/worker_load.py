"""Reports what a worker holds, for the pages of all processes."""

from faust_app.core.monitoring.workers import WorkerLoad
from faust_app.flows.ports.maintenance import WorkerRegister
from faust_app.flows.resilience.gate import Gate
from faust_app.flows.resilience.held_events import HeldEvents


class WorkerLoadReport:
    """Writes the load of this worker into its row."""

    def __init__(self, register: WorkerRegister, held: HeldEvents, gate: Gate) -> None:
        self._register = register
        self._held = held
        self._gate = gate

    async def run_pass(self) -> None:
        """Report the load. Raises Unavailable."""
        await self._register.store_load(WorkerLoad(self._held.count, tuple(self._gate.reasons())))
