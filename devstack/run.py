"""`make run`: starts services, worker, web and stats, imports the sample catalogue, and stays up until Ctrl-C."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from devstack.env_file import write_env_file
from devstack.errors import DevstackError
from devstack.interruption import Interrupted, Interruption
from devstack.ports import Ports, refuse_taken
from devstack.product import Imported, Product, await_ready
from devstack.sample.catalogue import catalogue_for
from devstack.sample.history import write_sample_history
from devstack.sample.shops import SHOPS
from devstack.service import LOGS
from devstack.stack import Stack
from devstack.supervisor import Supervisor, procfile_commands

if TYPE_CHECKING:
    from devstack.clone import Clone
    from devstack.service import Service

WATCH_EVERY = 1.0
PROCESSES = ("stats", "worker", "web")


def say(line: str) -> None:
    """Print one line and flush it, also into a pipe."""
    print(line, flush=True)


def run(clone: Clone) -> None:
    """Run everything until the first Ctrl-C, SIGTERM or SIGHUP, then stop the processes, then the services.

    Raises DevstackError for an error the user can fix, after everything is stopped.
    """
    interruption = Interruption()
    with clone.owned():
        clone.refuse_detached()
        for name, process in clone.stop_left_behind().items():
            say(f"Stopped {name} (process {process.pid}), left behind by an earlier run.")
        session = Session(clone, Ports.default(), interruption)
        interruption.install()
        try:
            session.open()
            session.watch()
        except Interrupted:
            say("\nStopping worker, web and stats, then the services; Ctrl-C again stops them at once.")
        finally:
            session.close()
        say("Stopped. The data stays; `make run` continues with it.")


class Session:
    """One `make run` from its first service to its last."""

    def __init__(self, clone: Clone, ports: Ports, interruption: Interruption) -> None:
        self._clone = clone
        self._interruption = interruption
        self._begun = time.monotonic()
        owners = {
            ports.web: "the web process",
            ports.worker: "the worker",
            ports.stats: "the process stats",
            ports.shop_page: "the sample shop",
        }
        for port, owner in owners.items():
            refuse_taken(port, owner)
        shop_page = [sys.executable, "-m", "devstack.shop_page", "--port", str(ports.shop_page)]
        self._commands = {**procfile_commands(clone.top / "Procfile", PROCESSES), "shop-page": shop_page}
        self._shop_page = f"http://127.0.0.1:{ports.shop_page}"
        self._stack = Stack(clone.folder, ports, cache=clone.folder)
        self._values = _relative({**self._stack.environment(), **self._stack.statistics_environment()}, clone)
        self._product = Product(cwd=clone.top, folder=clone.folder, values=self._values)
        self._supervisor = Supervisor(self._commands, folder=clone.folder, cwd=clone.top, environment=self._product.environment, say=say)

    def open(self) -> None:
        """Start the services, set up, start the processes, import the sample catalogue, and print the addresses."""
        say("Starting the services; the first time they are downloaded (180 MB).")
        self._stack.up(started=announce)
        write_env_file(self._clone.env_file, self._values)
        self._product.setup()
        write_sample_history(self._stack.mariadb.url, [each.shop for each in SHOPS])
        self._supervisor.start()
        for name in PROCESSES:
            log = self._clone.folder / LOGS / f"{name}.log"
            await_ready(name, self._values[f"{name.upper()}_URL"], log)
        say(f"worker, web and stats are ready after {time.monotonic() - self._begun:.1f} s. Importing the sample catalogue.")
        self._say_summary(self._imported_sample())

    def watch(self) -> None:
        """Wait until interrupted; restart a service that ends."""
        while not self._interruption.asked.wait(WATCH_EVERY):
            for service in self._stack.services:
                if not service.running:
                    say(f"{service.title} ended; it starts again (log: {service.log})")
                    self._restart(service)

    def close(self) -> None:
        """Stop the processes, at once after a second signal, then the services."""
        self._supervisor.stop(self._interruption.hurry)
        self._stack.down()

    def _restart(self, service: Service) -> None:
        try:
            service.start()
        except DevstackError as error:
            say(str(error))

    def _imported_sample(self) -> Imported:
        """Import all files. A failure is printed and everything stays up, so that it can be investigated."""
        files = catalogue_for(self._values["SOURCE_URL"], self._clone.folder / "sample")
        done = Imported()
        try:
            for shop, file in files.items():
                done += self._product.import_catalogue(file, shop)
        except DevstackError as error:
            say(f"The sample catalogue is not imported completely: {error}")
        return done

    def _say_summary(self, done: Imported) -> None:
        rate = f"{done.stored / done.seconds:.0f} images/s" if done.stored and done.seconds else "nothing to do"
        say(
            f"\n{done.stored} images stored ({done.bytes / 1e6:.1f} MB, {rate}, {done.seconds:.1f} s), "
            f"{done.unchanged} unchanged, {done.failed + done.rejected} failed on purpose (missing or broken); "
            f"up after {time.monotonic() - self._begun:.1f} s.\n"
            f"  web           {self._product.admin_address()}\n"
            f"                logs you in as admin, once and within ten minutes; `shop-images user one-time admin` prints another\n"
            f"  worker        {self._values['WORKER_URL']}/ready\n"
            f"  lag           {self._values['WEB_URL']}/lag\n"
            f"  unfinished    {self._values['WEB_URL']}/stalled\n"
            f"  reports       {self._values['WEB_URL']}/reports/{SHOPS[0].shop}\n"
            f"  sample shop   {self._shop_page}/\n"
            f"                shows its pictures by the feed of changes alone\n"
            f"  image source  {self._values['SOURCE_URL']}\n"
            f"Settings and tokens: .env. Logs: .devstack/{LOGS}/. Ctrl-C stops everything."
        )


def announce(service: Service) -> None:
    """Print that a service answers, and its address."""
    say(f"  {service.title:<22} {service.address:<28} process {service.pid}")


def _relative(values: dict[str, str], clone: Clone) -> dict[str, str]:
    """Return the values with paths inside the clone relative to its top, where the product's processes run."""
    return {name: value.removeprefix(f"{clone.top}/") for name, value in values.items()}
