"""A worker that takes events and never starts one, or blocks its event loop over the first: `STALL` says which."""

import os
import time

from faust_app.core.dispatch.workload import Ticket
from faust_app.settings import load_settings
from faust_app.stream.windows import Held
from faust_app.worker_app import WorkerApp


def start_none(*_: object) -> Ticket[Held] | None:
    return None


def block_the_loop(*_: object) -> Ticket[Held] | None:
    time.sleep(3600)
    return None


class StallingApp(WorkerApp):
    async def on_start(self) -> None:
        await super().on_start()
        stall = {"start none": start_none, "block the loop": block_the_loop}[os.environ["STALL"]]
        self.worker_parts.dispatcher.scheduler.next = stall  # type: ignore[assignment, method-assign]


app = StallingApp(load_settings())
