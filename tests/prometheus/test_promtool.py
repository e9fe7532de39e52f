"""What Prometheus itself says of the rules, of its configuration, and of every query."""

import re
import subprocess
from pathlib import Path

import yaml

from devstack.grafana.__main__ import BOARDS
from tests.prometheus.server import DEPLOY, configured, needs_prometheus

pytestmark = needs_prometheus


def promtool(*words: str | Path) -> None:
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, check=False)  # noqa: S607 - of the system
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_valid() -> None:
    promtool("check", "rules", *sorted(DEPLOY.glob("r*/*.yml")))


def test_every_alert_fires_and_rests() -> None:
    promtool("test", "rules", *sorted((DEPLOY / "tests").glob("*.yml")))


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    targets = {"shop-images-worker": ["127.0.0.1:1"], "shop-images-web": ["127.0.0.1:2"], "shop-images-stats": ["127.0.0.1:3"]}
    promtool("check", "config", configured(tmp_path, targets, "token"))
    delivered = (DEPLOY / "prometheus.yml").read_text()
    (tmp_path / "delivered.yml").write_text(re.sub(r"/run/secrets/\S+", str(tmp_path / "token"), delivered))
    promtool("check", "config", tmp_path / "delivered.yml")


def test_every_query_of_every_dashboard_is_valid(tmp_path: Path) -> None:
    exprs = [query.expr.replace("$__rate_interval", "1m") for board in BOARDS.values() for panel in board.panels for query in panel.queries]
    recorded = [{"record": f"panel_{number}", "expr": expr} for number, expr in enumerate(exprs)]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    promtool("check", "rules", path)
