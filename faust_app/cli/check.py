"""`shop-images check`: what is mis-set or unreachable, or one thing that only shows when it is needed."""

from pathlib import Path

import click
from click.core import ParameterSource

from faust_app.cli.check_alerts import run_check_alerts
from faust_app.cli.check_daily import run_check_daily
from faust_app.cli.check_deep import run_check_deep
from faust_app.cli.check_self import run_selfcheck_command
from faust_app.cli.check_sizes import run_check_sizes
from faust_app.cli.command import existing_file, json_option
from faust_app.settings import Settings


@click.command("check")
@click.option("--sizes", is_flag=True, help="Report how large the tables are and how they grow.")
@click.option("--alerts", is_flag=True, help="Send a test message to the messenger.")
@click.option("--daily", is_flag=True, help="Run the daily check now: images in progress for over a day, and rescues.")
@click.option("--send/--no-send", default=True, help="With --daily: send its message to the messenger, if one is configured.")
@click.option("--deep", is_flag=True, help="Read every row and object, and list every broken promise.")
@click.option("--ledger", type=existing_file, help="With --deep: also check the last acknowledged requests in this ledger.")
@click.option("--bytes/--no-bytes", "read_bytes", default=True, help="With --deep: compare the bytes of every shown object.")
@json_option
@click.pass_context
def check_command(
    context: click.Context,
    *,
    sizes: bool,
    alerts: bool,
    daily: bool,
    send: bool,
    deep: bool,
    ledger: Path | None,
    read_bytes: bool,
    as_json: bool,
) -> None:
    """Say what is mis-set or unreachable, one line each, or check one thing with --sizes, --alerts, --daily or --deep.

    Ends with 0 if all is well, 3 with warnings, 1 with errors.
    """
    settings: Settings = context.obj
    if sizes + alerts + daily + deep > 1:
        raise click.UsageError("Check one thing at a time: --sizes, --alerts, --daily or --deep")
    _needs(context, "send", "--daily", given=daily)
    _needs(context, "ledger", "--deep", given=deep)
    _needs(context, "read_bytes", "--deep", given=deep)
    if deep:
        run_check_deep(settings, ledger, read_bytes=read_bytes, as_json=as_json)
    elif daily:
        run_check_daily(settings, send=send, as_json=as_json)
    elif alerts:
        run_check_alerts(settings, as_json=as_json)
    elif sizes:
        run_check_sizes(settings, as_json=as_json)
    else:
        run_selfcheck_command(settings, as_json=as_json)


def _needs(context: click.Context, name: str, other: str, *, given: bool) -> None:
    """Raise UsageError for an option that says nothing without another one: ignored, it would promise a check that is not made."""
    if given or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
        return
    option = next(each for each in context.command.params if each.name == name)
    raise click.UsageError(f"{'/'.join([*option.opts, *option.secondary_opts])} needs {other}")
