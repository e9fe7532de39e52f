"""`shop-images user`: who may log in to the operator's pages, and what they may do there."""

import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import click

from faust_app.adapters.mariadb.database import Database
from faust_app.cli.command import json_option, print_report, run, shop_number
from faust_app.core.iso_time import iso_time
from faust_app.core.operators.access import ListedAccount, Role, Shops, shops_text
from faust_app.core.operators.audit import Actor
from faust_app.flows.operators.accounts import AccountControl, Done, OneTime, Refused
from faust_app.settings import Settings
from faust_app.wiring.operators import account_control, one_time_address

T = TypeVar("T")
Act = Callable[[AccountControl], Awaitable[T | Refused]]
_NAME_WIDTH: Final = 24


@dataclass(frozen=True, slots=True)
class UsersReport:
    """Every account."""

    listed: list[ListedAccount]

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {"users": [_json(each) for each in self.listed]}

    def lines(self) -> list[str]:
        """Return a line for each account."""
        return [_line(each) for each in self.listed] or ["no users; `shop-images user add NAME` adds one"]


@click.group("user")
def user_command() -> None:
    """Add and change the users of the operator's pages."""


_name = click.argument("name")
_roles = click.Choice([role.value for role in Role])


@user_command.command("add")
@_name
@click.option("--role", type=_roles, default=Role.VIEW.value, show_default=True, help="What the user may do.")
@click.option("--shop", "shops", type=shop_number, multiple=True, help="Limit the user to this shop; repeatable.")
@click.option("--without-password", is_flag=True, help="The user logs in by one-time codes only.")
@click.pass_obj
def add_command(settings: Settings, *, name: str, role: str, shops: tuple[int, ...], without_password: bool) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    password = None if without_password else _password()
    limited: Shops = frozenset(shops) if shops else None
    _say(settings, lambda control: control.add(name, Role(role), limited, password))


@user_command.command("list")
@json_option
@click.pass_obj
def list_command(settings: Settings, *, as_json: bool) -> None:
    """List the users."""

    async def listed(control: AccountControl) -> UsersReport | Refused:
        return UsersReport(await control.listed())

    print_report(_act(settings, listed), as_json=as_json)


@user_command.command("role")
@_name
@click.argument("role", type=_roles)
@click.pass_obj
def role_command(settings: Settings, *, name: str, role: str) -> None:
    """Change what a user may do."""
    _say(settings, lambda control: control.set_role(name, Role(role)))


@user_command.command("shops")
@_name
@click.argument("shops", type=shop_number, nargs=-1)
@click.option("--all", "of_all", is_flag=True, help="Let the user reach every shop.")
@click.pass_obj
def shops_command(settings: Settings, *, name: str, shops: tuple[int, ...], of_all: bool) -> None:
    """Limit a user to shops."""
    if of_all == bool(shops):
        raise click.UsageError("name shops, or give --all")
    _say(settings, lambda control: control.set_shops(name, None if of_all else frozenset(shops)))


@user_command.command("password")
@_name
@click.pass_obj
def password_command(settings: Settings, *, name: str) -> None:
    """Change a password; it is asked for, or read from standard input."""
    password = _password()
    _say(settings, lambda control: control.set_password(name, password))


@user_command.command("disable")
@_name
@click.pass_obj
def disable_command(settings: Settings, *, name: str) -> None:
    """Refuse a user's log-ins, and end every session."""
    _say(settings, lambda control: control.disable(name))


@user_command.command("enable")
@_name
@click.pass_obj
def enable_command(settings: Settings, *, name: str) -> None:
    """Allow a disabled user to log in again."""
    _say(settings, lambda control: control.enable(name))


@user_command.command("log-out")
@_name
@click.pass_obj
def log_out_command(settings: Settings, *, name: str) -> None:
    """End every session of a user."""
    _say(settings, lambda control: control.log_out(name))


@user_command.command("one-time")
@_name
@click.pass_obj
def one_time_command(settings: Settings, *, name: str) -> None:
    """Print an address that logs a user in once, within ten minutes."""

    async def made(control: AccountControl) -> OneTime | Refused:
        return await control.one_time(name)

    click.echo(one_time_address(settings, _act(settings, made).code))


def _password() -> str:
    """Return the password, typed without an echo, or the first line of standard input; never an argument, which others could see."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError("the password is missing; type it at a terminal, or send it as a line to standard input")
    return line


def _say(settings: Settings, act: Act[Done]) -> None:
    click.echo(_act(settings, act).text)


def _act(settings: Settings, act: Act[T]) -> T:
    async def work() -> T | Refused:
        async with Database.connect(settings.database, 1) as database:
            return await act(account_control(database, Actor(getpass.getuser())))

    result = run(work())
    if isinstance(result, Refused):
        raise click.ClickException(f"{result.field}: {result.reason}")
    return result


def _line(each: ListedAccount) -> str:
    account = each.account
    seen = f"last log-in {iso_time(each.last_log_in)}" if each.last_log_in else "never logged in"
    state = "disabled, " if account.disabled_at else ""
    return f"{account.name:<{_NAME_WIDTH}}  {account.role:<8}  {shops_text(account.shops)}, {state}{seen}"


def _json(each: ListedAccount) -> dict[str, object]:
    account = each.account
    return {
        "name": account.name,
        "role": account.role.value,
        "shops": None if account.shops is None else sorted(account.shops),
        "created_at": iso_time(account.created_at),
        "disabled_at": iso_time(account.disabled_at) if account.disabled_at else None,
        "last_log_in": iso_time(each.last_log_in) if each.last_log_in else None,
        "open_sessions": each.sessions,
    }
