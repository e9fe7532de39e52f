"""`shop-images user` against the real database, as an administrator types it."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from faust_app.__main__ import main
from faust_app.settings import Settings

PASSWORD = "correct horse battery"


@pytest.fixture
def user(install: Callable[..., Settings]) -> Callable[..., Result]:
    url = install().database_url.get_secret_value()

    def call(*words: str, typed: str | None = None) -> Result:
        environment = {"DATABASE_URL": url, "WEB_PUBLIC_URL": "https://images.example.org"}
        return CliRunner().invoke(main, ["user", *words], input=typed, env=environment)

    return call


def test_an_administrator_adds_changes_and_lists_users(user: Callable[..., Result]) -> None:
    assert "no users" in user("list").stdout
    assert user("add", "anna", "--role", "operate", "--shop", "8", "--shop", "7", typed=f"{PASSWORD}\n").exit_code == 0
    assert user("add", "bert", "--without-password").exit_code == 0
    for words in (("role", "anna", "admin"), ("shops", "bert", "9"), ("disable", "bert")):
        assert user(*words).exit_code == 0, words
    listed = {each["name"]: each for each in json.loads(user("list", "--json").stdout)["users"]}
    assert (listed["anna"]["role"], listed["anna"]["shops"], listed["anna"]["disabled_at"]) == ("admin", [7, 8], None)
    assert (listed["bert"]["role"], listed["bert"]["shops"]) == ("view", [9])
    assert listed["bert"]["disabled_at"]
    assert "shop 9, disabled, never logged in" in user("list").stdout
    for words in (("shops", "anna", "--all"), ("enable", "bert"), ("log-out", "anna")):
        assert user(*words).exit_code == 0, words
    changed = user("password", "anna", typed="another long sentence\n")
    assert changed.stdout == "user anna has a new password, and was logged out everywhere\n"


def test_a_one_time_address_keeps_its_code_out_of_what_browsers_send(user: Callable[..., Result]) -> None:
    user("add", "anna", "--without-password")
    printed = user("one-time", "anna").stdout
    address, _, code = printed.strip().partition("#")
    assert address == "https://images.example.org/admin/log-in/one-time"
    assert len(code) == 32


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (("add", "Anna"), PASSWORD, "shop-images: name: must be 1 to 64"),
        (("add", "anna"), "short", "shop-images: password: must have at least 12"),
        (("role", "nobody", "view"), None, "shop-images: name: is not a user"),
        (("one-time", "nobody"), None, "shop-images: name: is not a user"),
        (("add", "'; DROP TABLE account; --"), PASSWORD, "shop-images: name: must be 1 to 64"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(user: Callable[..., Result], words: tuple[str, ...], typed: str | None, told: str) -> None:
    result = user(*words, typed=typed)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(told)
    assert PASSWORD not in result.output
