"""`shop-images shops`: what it sets, lists and lifts, and how a wrong value is refused in one line."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner, Result

from faust_app.__main__ import main
from faust_app.cli import shops
from faust_app.flows.controls.shop_desk import ShopDesk
from tests.factories import NOW
from tests.fakes.clock import FakeClock
from tests.fakes.controls import FakeShopControls


class FakeDatabase:
    """Stands for the connection, which the desk of this test needs none of."""

    @classmethod
    @asynccontextmanager
    async def connect(cls, *_: object) -> AsyncIterator["FakeDatabase"]:
        yield cls()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> FakeShopControls:
    clock = FakeClock(lambda: NOW)
    controls = FakeShopControls(clock.now)
    monkeypatch.setattr(shops, "Database", FakeDatabase)
    monkeypatch.setattr(shops, "shop_desk", lambda _: ShopDesk(controls, clock=clock))
    monkeypatch.setattr(shops, "getuser", lambda: "ada")
    return controls


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["shops", *words])


def test_each_control_is_set_listed_and_lifted(kept: FakeShopControls) -> None:
    assert run().output == "nothing is set\n"
    for words in (("pause", "7"), ("weight", "7", "2.5"), ("slots", "8", "3"), ("rate", "8", "600", "--hours", "1.5")):
        assert run(*words, "--reason", "a launch").exit_code == 0
    expected = [
        "the shop 7 is paused, set by ada: a launch",
        "the shop 7 has weight 2.5, set by ada: a launch",
        "the shop 8 starts at most 600 images a minute, set by ada until 2026-03-01 13:30 UTC: a launch",
        "the shop 8 has at most 3 slots in each worker, set by ada: a launch",
    ]
    assert run().output.splitlines() == run("list").output.splitlines() == expected
    assert run("resume", "7").output.splitlines() == expected[1:2]
    assert run("lift", "8", "rate").output.splitlines() == expected[3:]
    listed = json.loads(run("list", "--json").output)
    assert [(each["shop_no"], each["kind"], each["value"]) for each in listed["controls"]] == [(7, "weight", 2.5), (8, "slots", 3)]
    assert [entry.action for entry in kept.audit][-2:] == ["shop.resume", "shop.rate-lift"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        *((("weight", "7", bad, "--reason", "x"), "VALUE must be a number from 0.1 to 10") for bad in ("0", "nan", "inf", "11")),
        (("slots", "7", "1.5", "--reason", "x"), "VALUE must be a whole number from 1 to 1,000"),
        (("rate", "7", "100001", "--reason", "x"), "VALUE must be a whole number from 1 to 100,000"),
        (("pause", "7", "--reason", " "), "--reason is needed: whoever meets the control reads it"),
        (("pause", "7", "--reason", "x", "--hours", "200"), "--hours: the end must be at most 7 days ahead"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_one_line(kept: FakeShopControls, words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"shop-images shops {words[0]}: {told}")
    assert kept.kept == {}
