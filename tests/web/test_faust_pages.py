"""Faust's own pages: none is served, and nothing answers that we did not register."""

from pathlib import Path

import pytest

from faust_app.settings import Settings
from faust_app.web.server import router_of
from faust_app.web_app import WebApp
from faust_app.worker_app import WorkerApp


@pytest.mark.parametrize("kind", [WebApp, WorkerApp])
async def test_no_page_of_faust_is_served(kind: type[WebApp | WorkerApp], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEB_ROUTER_ENABLED", "WEB_TABLES_ENABLED", "WEB_GRAPH_ENABLED", "WEB_STATS_ENABLED", "DEBUG"):
        monkeypatch.setenv(f"FAUST_{name}", "1")
    app = kind(Settings(_env_file=None, data_dir=tmp_path))
    app.finalize()
    assert [resource.canonical for resource in router_of(app).resources()] == []
