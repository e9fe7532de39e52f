"""The command `shop-images`: parses arguments, passes assembled parts to the commands, and prints what they return."""

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
import uvloop

from faust_app.adapters.http.webhook import Webhook
from faust_app.adapters.kafka.offsets import KafkaConsumerOffsets
from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.growth import MariaTableSizes
from faust_app.adapters.mariadb.image_counts import MariaImageCounts
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.job_runs import MariaJobRuns
from faust_app.cli.alerts import list_alerts
from faust_app.cli.check_alerts import check_alerts
from faust_app.cli.check_daily import DailyAnswer, check_daily
from faust_app.cli.check_deep import check_deep
from faust_app.cli.check_sizes import check_sizes
from faust_app.cli.garbage import garbage
from faust_app.cli.import_catalogue import ImportOptions, ImportReport, import_catalogue
from faust_app.cli.recover import recover
from faust_app.cli.resume import resume
from faust_app.cli.setup import setup
from faust_app.cli.status import status
from faust_app.core.alerts.text import Place
from faust_app.core.failure import Unavailable
from faust_app.core.messages.catalogue import CatalogueError
from faust_app.core.messages.topics import Topics
from faust_app.core.verify.acknowledged_requests import LedgerError
from faust_app.logs import configure_logging
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.wiring.common import open_parts
from faust_app.wiring.daily import daily_check
from faust_app.wiring.startup import SETTING_OF, build_or_exit

T = TypeVar("T")


class Report(Protocol):
    """What a command returns, for machines and for people."""

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        ...

    def lines(self) -> list[str]:
        """Return the report as lines."""
        ...


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command; an unavailable dependency ends it with one line and exit code 1."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except Unavailable as failure:
        click.echo(f"shop-images: {failure}; is it up, and is {SETTING_OF[failure.dependency]} right?", err=True)
        raise SystemExit(1) from failure
    except KeyboardInterrupt:
        click.echo("shop-images: interrupted; run it again to continue", err=True)
        raise SystemExit(130) from None


def _print(report: Report, *, as_json: bool) -> None:
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))


_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_shop = click.IntRange(1, 2**53 - 1)


class OneLineErrors(click.Group):
    """A command group that reports wrong usage in one line and exits with code 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line and end the process with its exit code."""
        try:
            raise SystemExit(super().main(*args, **{**kwargs, "prog_name": "shop-images", "standalone_mode": False}) or 0)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            raise SystemExit(error.exit_code) from error
        except click.ClickException as error:
            command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "shop-images"
            click.echo(f"{command}: {error.format_message().rstrip('.')}; see `{command} -h`", err=True)
            raise SystemExit(error.exit_code) from error


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Move shops' product images into object storage, and report where each one stands."""
    context.obj = build_or_exit(lambda settings: settings)
    configure_logging(context.obj.log_format, level="WARNING")


@main.command("setup")
@_json
@click.pass_obj
def setup_command(settings: Settings, *, as_json: bool) -> None:
    """Create or update schema, topics and bucket; safe to repeat."""
    _print(_run(setup(settings)), as_json=as_json)


@main.command("status")
@click.option("--shop", "shop_no", type=_shop, help="Count this shop's images only.")
@_json
@click.pass_obj
def status_command(settings: Settings, *, shop_no: int | None, as_json: bool) -> None:
    """Count the images in each state."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            now = await MariaImageRepository(database).now()
            return await status(MariaImageCounts(database), now, shop_no)

    _print(_run(work()), as_json=as_json)


@main.command("resume")
@click.option("--worker", help="Name of one worker, as its /ready shows it; default: every stopped worker.")
@_json
@click.pass_obj
def resume_command(settings: Settings, *, worker: str | None, as_json: bool) -> None:
    """Resume workers that stopped after internal errors."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            return await resume(database, worker)

    _print(_run(work()), as_json=as_json)


@main.command("garbage")
@click.option("--delete-anyway", is_flag=True, help="Allow everything due by now to be deleted, however much it is.")
@_json
@click.pass_obj
def garbage_command(settings: Settings, *, delete_anyway: bool, as_json: bool) -> None:
    """Count the objects to delete from the bucket."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            return await garbage(database, delete_anyway=delete_anyway)

    _print(_run(work()), as_json=as_json)


@main.command("recover")
@click.option("--dry-run", is_flag=True, help="Compare and list; change nothing.")
@_json
@click.pass_obj
def recover_command(settings: Settings, *, dry_run: bool, as_json: bool) -> None:
    """Find what the bucket lacks after the database was restored from a backup, and fetch it again."""
    _print(_run(recover(settings, dry_run=dry_run)), as_json=as_json)


@main.command("check")
@click.option("--alerts", is_flag=True, help="Send a test message to the messenger.")
@click.option("--daily", is_flag=True, help="Run the daily check now: images in progress for over a day, and rescues.")
@click.option("--tell/--no-tell", default=True, help="With --daily: send its message to the messenger, if one is configured.")
@click.option("--deep", is_flag=True, help="Read every row and object, and list every broken promise.")
@click.option("--ledger", type=_file, help="With --deep: also check the last acknowledged requests in this ledger.")
@click.option("--bytes/--no-bytes", "read_bytes", default=True, help="With --deep: compare the bytes of every shown object.")
@_json
@click.pass_obj
def check_command(
    settings: Settings, *, alerts: bool, daily: bool, tell: bool, deep: bool, ledger: Path | None, read_bytes: bool, as_json: bool
) -> None:
    """Report the sizes and growth of the tables, or check one thing with --alerts, --daily or --deep."""
    if alerts + daily + deep > 1:
        raise click.UsageError("Check one thing at a time: --alerts, --daily or --deep")
    if deep:
        _check_deep(settings, ledger, read_bytes=read_bytes, as_json=as_json)
    elif daily:
        _check_daily(settings, tell=tell, as_json=as_json)
    elif alerts:
        _check_alerts(settings, as_json=as_json)
    else:
        _check_sizes(settings, as_json=as_json)


def _check_sizes(settings: Settings, *, as_json: bool) -> None:
    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            return await check_sizes(MariaTableSizes(database), MariaJobRuns(database))

    _print(_run(work()), as_json=as_json)


def _check_daily(settings: Settings, *, tell: bool, as_json: bool) -> None:
    topics = [spec.name for spec in Topics.named(settings.topic_prefix).images]

    async def work() -> DailyAnswer:
        connected = KafkaConsumerOffsets.connect(settings.bootstrap_servers, settings.app_id, topics)
        async with Database.connect(settings.database, 1) as database, connected as offsets:
            check, place = daily_check(settings, database, offsets), Place(settings.zone, settings.web_public_url)
            if not tell or settings.alert_webhook_url is None:
                return await check_daily(check, MariaJobRuns(database), place, None)
            async with Webhook(settings) as messenger:
                return await check_daily(check, MariaJobRuns(database), place, messenger)

    answer = _run(work())
    _print(answer, as_json=as_json)
    if not answer.report.ok:
        raise SystemExit(1)


def _check_alerts(settings: Settings, *, as_json: bool) -> None:
    if settings.alert_webhook_url is None:
        raise click.UsageError("No messenger is configured: set ALERT_WEBHOOK_URL")
    report = _run(check_alerts(settings))
    if as_json or report.delivered:
        _print(report, as_json=as_json)
    else:
        click.echo(f"shop-images: {report.lines()[0]}", err=True)
    if not report.delivered:
        raise SystemExit(1)


def _check_deep(settings: Settings, ledger: Path | None, *, read_bytes: bool, as_json: bool) -> None:
    try:
        report = _run(check_deep(settings, ledger, read_bytes=read_bytes))
    except LedgerError as error:
        click.echo(f"shop-images: {ledger}: {error}", err=True)
        raise SystemExit(2) from error
    _print(report, as_json=as_json)
    if not report.ok:
        raise SystemExit(1)


@main.command("alerts")
@_json
@click.pass_obj
def alerts_command(settings: Settings, *, as_json: bool) -> None:
    """List the open alerts, platform alerts first."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            now = await MariaImageRepository(database).now()
            return await list_alerts(MariaAlertRepository(database), Place(settings.zone, settings.web_public_url), now)

    _print(_run(work()), as_json=as_json)


@main.command("import")
@click.argument("file", type=_file)
@click.option("--shop", "shop_no", type=_shop, required=True, help="The shop that owns the images.")
@click.option("--format", "file_format", type=click.Choice(["woocommerce", "jsonl"]), required=True, help="Format of the file.")
@click.option("--refetch", is_flag=True, help="Also fetch images that are done or in progress with the same address.")
@click.option("--dry-run", is_flag=True, help="Read and report; change nothing.")
@click.option("--wait", is_flag=True, help="Wait until every image of the file is finished.")
@_json
@click.pass_obj
def import_command(settings: Settings, /, *, file: Path, as_json: bool, **words: Any) -> None:
    """Import the images of a catalogue FILE; exit code 1 if a line is rejected. Run again, it continues and repeats nothing."""
    options = ImportOptions(file=file, **words)

    async def work() -> ImportReport:
        async with open_parts(settings, Metrics(), client_id=f"{settings.app_id}-import") as parts:
            counts = MariaImageCounts(parts.database)
            return await import_catalogue(options, parts.intake, parts.publisher, counts, parts.repository.now)

    try:
        report = _run(work())
    except CatalogueError as error:
        click.echo(f"shop-images: {file}: {error}", err=True)
        raise SystemExit(2) from error
    _print(report, as_json=as_json)
    if report.rejected:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
