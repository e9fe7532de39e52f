"""The embedded engine: a query that nobody waits for any more ends by itself."""

import asyncio
from pathlib import Path

import pytest

from faust_app.stats import engine as embedded
from faust_app.stats.engine import SESSIONS, Engine, QueryRefused

_ENDLESS = "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1"
_TIMEOUT_EXCEEDED = 159


async def test_no_session_stays_busy_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_QUERY_SECONDS", 1)
    async with Engine.open(tmp_path / "store") as engine:
        endless = [engine.query(_ENDLESS, {}, "default") for _ in range(SESSIONS)]
        refused = await asyncio.gather(*endless, return_exceptions=True)
        assert [each.code for each in refused if isinstance(each, QueryRefused)] == [_TIMEOUT_EXCEEDED] * SESSIONS
        assert await engine.query("SELECT 1", {}, "default") == b"1\n"
