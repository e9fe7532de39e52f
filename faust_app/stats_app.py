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

from faust_app.core.failure import Unavailable
from faust_app.core.statistics.unavailable import StoreUnavailable
from faust_app.logs import configure_logging
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.stats.dialect import MAX_BODY, DialectHandlers
from faust_app.stats.engine import Engine, EngineError
from faust_app.stream.periodic import Periodic
from faust_app.web.pages.health import HealthPages
from faust_app.wiring.services import FAULT_SECONDS
from faust_app.wiring.statistics import StatisticsParts, open_statistics

LOAD_SECONDS: Final = 5.0
"""Seconds between two passes: a load that an operator asks for begins within them."""
_HOST: Final = "127.0.0.1"

log = structlog.get_logger()


@click.command("stats")
@click.pass_context
def stats_command(context: click.Context) -> None:
    """Load the daily statistics, and serve their store where STATISTICS_DIR is set; runs until it is stopped."""
    settings: Settings = context.obj
    configure_logging(settings.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except EngineError as error:
        click.echo(f"shop-images: {error}", err=True)
        raise SystemExit(1) from error
    except OSError as error:
        reason = f"port {settings.statistics_port} cannot be used: {error.strerror or error}"
        click.echo(f"shop-images: {reason}; stop what uses it, or set STATISTICS_PORT", err=True)
        raise SystemExit(1) from error


async def serve(settings: Settings) -> None:
    """Serve and load until SIGTERM or SIGINT. Raises EngineError, and OSError when the port is taken."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        application = web.Application(client_max_size=MAX_BODY)
        if settings.statistics_dir is not None:
            engine = await stack.enter_async_context(Engine.open(settings.statistics_dir))
            DialectHandlers(engine, settings.clickhouse_password).register(application.router)
        parts = await stack.enter_async_context(open_statistics(settings, metrics))
        HealthPages(metrics, lambda: _reasons_not_ready(parts)).register(application.router)
        await stack.enter_async_context(_listening(application, settings.statistics_port))
        log.info("statistics process is up", port=settings.statistics_port, embedded=settings.statistics_dir is not None)
        for service in (
            Periodic("statistics", LOAD_SECONDS, parts.task.run_pass),
            Periodic("fault reports", FAULT_SECONDS, parts.faults.run_pass),
        ):
            await stack.enter_async_context(_running(service))
        await stopping.wait()


@asynccontextmanager
async def _listening(application: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, port).start()
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
        await parts.store.manifest()
    except (StoreUnavailable, Unavailable) as failure:
        reasons.append(str(failure))
    return list(dict.fromkeys(reasons))
