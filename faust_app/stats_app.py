"""Composition root of the process `stats`: it owns the embedded ClickHouse, where there is one, and loads the daily statistics."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import click
import structlog
import uvloop
from aiohttp import web
from mode import Service

from faust_app.core.failure import Misconfigured, Unavailable
from faust_app.core.statistics.unavailable import CacheMisconfigured, StoreUnavailable
from faust_app.heap import freeze_heap
from faust_app.logs import configure_logging
from faust_app.settings import Settings
from faust_app.stats.dialect import MAX_BODY, DialectHandlers
from faust_app.stats.engine import Engine, EngineError
from faust_app.stream.loop_lag import LoopLag
from faust_app.stream.periodic import Periodic
from faust_app.stream.stack_dump import log_stacks_on_signal
from faust_app.web.pages.health import HealthPages
from faust_app.wiring.credentials import ends_of
from faust_app.wiring.metrics import open_metrics
from faust_app.wiring.services import FAULT_SECONDS
from faust_app.wiring.startup import sentence_of
from faust_app.wiring.statistics import StatisticsParts, open_statistics

LOAD_SECONDS: Final = 5.0
"""Seconds between two passes: a load that an operator asks for begins within them."""
_LOOPBACK: Final = "127.0.0.1"
_READY_SECONDS: Final = 5.0
"""Seconds that the store has to answer whether it is there; a load gives it longer."""

log = structlog.get_logger()


class ListenError(Exception):
    """The process cannot listen; the message says why, and what to do."""


@click.command("stats")
@click.pass_context
def stats_command(context: click.Context) -> None:
    """Load the daily statistics, and serve their store where STATISTICS_DIR is set; runs until it is stopped."""
    settings: Settings = context.obj
    configure_logging(settings.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except (EngineError, ListenError) as error:
        click.echo(f"shop-images: {error}", err=True)
        raise SystemExit(1) from error
    except (Misconfigured, CacheMisconfigured) as fault:
        click.echo(f"shop-images: {sentence_of(fault).rstrip('.')}; check {fault.setting}", err=True)
        raise SystemExit(2) from fault


async def serve(settings: Settings) -> None:
    """Serve and load until SIGTERM or SIGINT. Raises EngineError, ListenError, Misconfigured, CacheMisconfigured."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    metrics = open_metrics(settings, ends_of(settings))
    async with AsyncExitStack() as stack:
        application = web.Application(client_max_size=MAX_BODY)
        if settings.statistics_dir is not None:
            engine = await stack.enter_async_context(Engine.open(settings.statistics_dir))
            DialectHandlers(engine, settings.clickhouse_password).register(application.router)
        log_stacks_on_signal(asyncio.get_running_loop())
        parts = await stack.enter_async_context(open_statistics(settings, metrics))
        HealthPages(metrics, lambda: _reasons_not_ready(parts)).register(application.router)
        await stack.enter_async_context(_listening(application, host_of(settings), settings.statistics_port))
        log.info("statistics process is up", port=settings.statistics_port, embedded=settings.statistics_dir is not None)
        for service in (
            LoopLag(metrics),
            Periodic("statistics", LOAD_SECONDS, parts.task.run_pass, metrics),
            Periodic("fault reports", FAULT_SECONDS, parts.faults.run_pass, metrics),
        ):
            await stack.enter_async_context(_running(service))
        freeze_heap()
        await stopping.wait()


def host_of(settings: Settings) -> str:
    """Return the address to listen on: the loopback interface where a store is embedded, which has one password and no TLS."""
    return settings.web_bind if settings.statistics_dir is None else _LOOPBACK


@asynccontextmanager
async def _listening(application: web.Application, host: str, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            reason = f"port {port} of {host} cannot be used: {error.strerror or error}"
            raise ListenError(f"{reason}; stop what uses it, or set STATISTICS_PORT or WEB_BIND") from error
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _running(service: Service) -> AsyncIterator[None]:
    await service.start()
    try:
        yield
    finally:
        await service.stop()


async def _reasons_not_ready(parts: StatisticsParts) -> list[str]:
    reasons = []
    try:
        await parts.database.now()
    except Unavailable as failure:
        reasons.append(str(failure))
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await parts.store.manifest()
    except TimeoutError:
        reasons.append(f"The statistics store did not answer within {_READY_SECONDS:.0f} seconds.")
    except (StoreUnavailable, Unavailable) as failure:
        reasons.append(str(failure))
    return list(dict.fromkeys(reasons))
