"""What all commands share: the group, its one-line errors, and how a report is printed."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
import uvloop

from faust_app.core.dispatch.lanes import hours_of
from faust_app.core.failure import Misconfigured, Unavailable
from faust_app.core.messages.events import MAX_NUMBER
from faust_app.core.statistics.unavailable import CacheMisconfigured
from faust_app.logs import configure_logging
from faust_app.wiring.startup import SETTING_OF, build_or_exit, sentence_of

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Report(Protocol):
    """What a command returns, for machines and for people."""

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        ...

    def lines(self) -> list[str]:
        """Return the report as lines."""
        ...


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command; a dependency that refuses our settings ends it with one line and exit code 2, an unavailable one with 1."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except (Misconfigured, CacheMisconfigured) as fault:
        click.echo(f"shop-images: {sentence_of(fault).rstrip('.')}; check {fault.setting}", err=True)
        raise SystemExit(2) from fault
    except Unavailable as failure:
        setting = SETTING_OF[failure.dependency]
        verb = "are" if " and " in setting else "is"
        click.echo(f"shop-images: {str(failure).rstrip('.')}; is it up, and {verb} {setting} right?", err=True)
        raise SystemExit(1) from failure
    except KeyboardInterrupt:
        click.echo("shop-images: interrupted; run it again to continue", err=True)
        raise SystemExit(130) from None


def print_report(report: Report, *, as_json: bool) -> None:
    """Print the report: one JSON object for machines, lines for people."""
    click.echo(json.dumps(report.as_json()) if as_json else "\n".join(report.lines()))


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
existing_file = click.Path(exists=True, dir_okay=False, path_type=Path)
new_file = click.Path(dir_okay=False, writable=True, path_type=Path)
shop_number = click.IntRange(1, MAX_NUMBER)


class Hours(click.ParamType):
    """A number of hours above 0, as a duration."""

    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the duration."""
        try:
            lasts = hours_of(str(value))
        except ValueError:
            lasts = timedelta()
        if lasts <= timedelta():
            self.fail(f"{value} is not a number of hours above 0.", param, ctx)
        return lasts


def hours_option(sentence: str) -> Callable[[F], F]:
    """Return the option for how long something holds, a duration or None."""
    return click.option("--hours", type=Hours(), help=sentence)


class OneLineErrors(click.Group):
    """A command group that reports wrong usage in one line and exits with code 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line and end the process with its exit code."""
        try:
            raise SystemExit(super().main(*args, **{**kwargs, "prog_name": "shop-images", "standalone_mode": False}) or 0)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            raise SystemExit(error.exit_code) from error
        except click.Abort:
            click.echo("shop-images: aborted; nothing was changed", err=True)
            raise SystemExit(1) from None
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
