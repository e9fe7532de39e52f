"""A real Prometheus that scrapes processes of a test, and what it is asked."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy" / "prometheus"
needs_prometheus = pytest.mark.skipif(
    shutil.which("promtool") is None or shutil.which("prometheus") is None,
    reason="Prometheus is not installed (Debian: apt-get install prometheus); .ci/run installs it",
)


def configured(folder: Path, targets: dict[str, list[str]], token: str) -> Path:
    """Write the configuration that is delivered with every rule switched on, these targets by job, and a scrape each second."""
    for name in ("rules", "repeats"):
        shutil.copytree(DEPLOY / name, folder / name)
    (folder / "token").write_text(token)
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = ["rules/*.yml", "repeats/*.yml"]
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": targets[job["job_name"]]}]
        job["authorization"] = {"credentials_file": "token"}
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


class Prometheus:
    """A server on a free port; ended by its process id."""

    def __init__(self, config: Path) -> None:
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        self.log = config.parent / "prometheus.log"
        with self.log.open("wb") as log:
            command = [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={config.parent}/data",
                f"--web.listen-address={address}",
            ]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    @property
    def ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):  # noqa: S310 - our own address
                return True
        except OSError:
            return False

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer. A query that Prometheus cannot evaluate raises HTTPError."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)["data"]

    def values(self, expr: str) -> list[float]:
        """Return what a query yields now."""
        return [float(each["value"][1]) for each in self.ask("query", query=expr)["result"]]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)
