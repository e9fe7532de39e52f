"""A process that does not stop ends all the same, but only where Faust's worker stops it."""

import os
import threading
from types import SimpleNamespace
from typing import Any, cast

import faust
import pytest

from faust_app.wiring import startup


class Ended:
    def __init__(self) -> None:
        self.code: int | None = None
        self.happened = threading.Event()

    def exit(self, code: int) -> None:
        self.code = code
        self.happened.set()


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Ended:
    ended = Ended()
    monkeypatch.setattr(os, "_exit", ended.exit)
    monkeypatch.setattr(startup, "STOP_SECONDS", 0.01)
    return ended


def app_under(root: object) -> faust.App:
    return cast("Any", SimpleNamespace(beacon=SimpleNamespace(root=root)))  # type: ignore[no-any-return]


def test_under_a_worker_the_process_ends_when_its_time_is_over(ended: Ended) -> None:
    worker = faust.Worker.__new__(faust.Worker)
    startup.end_in_time(app_under(SimpleNamespace(data=worker)))
    assert ended.happened.wait(10)
    assert ended.code == 1


@pytest.mark.parametrize("root", [None, SimpleNamespace(data=object())])
def test_an_app_that_something_else_stops_ends_nothing(ended: Ended, root: object) -> None:
    before = threading.active_count()
    startup.end_in_time(app_under(root))
    assert threading.active_count() == before
    assert ended.code is None
