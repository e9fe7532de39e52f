"""The faults of a run, drawn by a seed: processes that die, stop, freeze, come and go; services that die; networks that break."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from devstack.service import Service
from devstack.stack import Stack
from tests.e2e.installation import Installation, Process
from tests.proofs.soak.proxy import Mode, Proxy

FREEZE_SECONDS: Final = 30.0
NETWORK_SECONDS: Final = 8.0
SERVICE_SECONDS: Final = 4.0
KINDS: Final = ("kill", "restart", "freeze", "join", "kafka", "mariadb", "seaweedfs", "network")
NETWORK_MODES: Final = {
    "kafka": (Mode.REFUSE, Mode.BLACK_HOLE, Mode.SLOW, Mode.CUT),
    "database": (Mode.REFUSE, Mode.BLACK_HOLE, Mode.CUT, Mode.LOSE_COMMIT),
    "storage": (Mode.REFUSE, Mode.BLACK_HOLE, Mode.SLOW, Mode.CUT, Mode.LATE_PUT),
}


class ProcessManager:
    """Keeps the wanted workers running: what died is started again, as systemd or a platform would."""

    def __init__(self, installation: Installation, workers: int) -> None:
        self._installation = installation
        self._wanted = workers
        self._number = 0
        self.workers: list[Process] = []
        self.exits = 0

    async def run(self, until: asyncio.Event) -> None:
        while not until.is_set():
            alive = [worker for worker in self.workers if worker.alive]
            self.exits += len(self.workers) - len(alive)
            self.workers = alive
            while len(self.workers) < self._wanted:
                self.add()
            if self._installation.web is not None and not self._installation.web.alive:
                self._installation.respawn_web()
            await asyncio.sleep(0.5)

    def add(self) -> Process:
        self._number += 1
        worker = self._installation.spawn_worker(f"worker-{self._number}")
        self.workers.append(worker)
        return worker


class Faults:
    """Kills a worker every `pause` seconds and does one of the other things every `other_pause`."""

    def __init__(self, stack: Stack, manager: ProcessManager, proxies: dict[str, Proxy], kinds: set[str], seed: int) -> None:
        self._stack, self._manager, self._proxies, self._kinds = stack, manager, proxies, kinds
        self._random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()
        self.each_once = asyncio.Event()
        """Set when every kind of fault was done."""

    async def kill_workers(self, kills: int, pause: float, told: Callable[[int], None]) -> None:
        """Kill -9 a random worker so many times."""
        while self.counts["kill"] < kills:
            await asyncio.sleep(pause)
            alive = [worker for worker in self._manager.workers if worker.alive]
            if alive:
                self._random.choice(alive).kill()
                self.counts["kill"] += 1
                told(self.counts["kill"])

    async def do_others(self, until: asyncio.Event, pause: float) -> None:
        """Do every other kind of fault in turn, in an order of the seed, until the event is set."""
        kinds = sorted(self._kinds - {"kill"})
        while not until.is_set():
            self._random.shuffle(kinds)
            for kind in kinds:
                await asyncio.sleep(pause)
                if until.is_set():
                    break
                self.counts[kind] += 1
                await self._do(kind)
            self.each_once.set()
            if not kinds:
                break
        await asyncio.gather(*self._running)

    async def _do(self, kind: str) -> None:
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "restart": self._restart_all,
            "freeze": self._freeze,
            "join": self._join_and_leave,
            "network": self._break_a_network,
            "kafka": lambda: self._kill_service(self._stack.kafka),
            "mariadb": lambda: self._kill_service(self._stack.mariadb),
            "seaweedfs": lambda: self._kill_service(self._stack.seaweedfs),
        }
        await acts[kind]()

    async def _restart_all(self) -> None:
        for worker in list(self._manager.workers):
            if worker.alive:
                await asyncio.to_thread(worker.terminate, within=20.0)
                await asyncio.sleep(2.0)

    async def _freeze(self) -> None:
        """Stop a worker in its tracks; it goes on while others have its partitions."""
        worker = self._random.choice(self._manager.workers)
        task = asyncio.create_task(_freeze(worker))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _join_and_leave(self) -> None:
        worker = self._manager.add()
        await asyncio.sleep(5.0)
        if worker.alive:
            await asyncio.to_thread(worker.terminate, within=20.0)

    async def _kill_service(self, service: Service) -> None:
        await asyncio.to_thread(service.kill)
        await asyncio.sleep(SERVICE_SECONDS)
        await asyncio.to_thread(service.start)

    async def _break_a_network(self) -> None:
        name = self._random.choice(sorted(NETWORK_MODES))
        mode = self._random.choice(NETWORK_MODES[name])
        self.counts[f"network: {name}, {mode.value}"] += 1
        self._proxies[name].set(mode)
        await asyncio.sleep(NETWORK_SECONDS)
        self._proxies[name].set(Mode.OPEN)


async def _freeze(worker: Process) -> None:
    if worker.alive:
        worker.signal(signal.SIGSTOP)
        await asyncio.sleep(FREEZE_SECONDS)
        worker.signal(signal.SIGCONT)
