"""What is delivered: Procfile, container, compose and systemd start the same processes, with settings that exist."""

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from faust_app.__main__ import main
from faust_app.settings import Settings

CLONE = Path(__file__).parent.parent
SETTINGS = {name.upper() for name in Settings.model_fields}
APPLICATIONS = {"worker": "faust_app", "web": "faust_app.web_app"}
UNITS = sorted((CLONE / "deploy" / "systemd").glob("*.service"))


def procfile() -> dict[str, str]:
    return dict(line.split(": ", 1) for line in (CLONE / "Procfile").read_text().splitlines())


def services() -> dict[str, dict[str, Any]]:
    document: dict[str, Any] = yaml.safe_load((CLONE / "docker-compose.yml").read_text())
    return {name: service for name, service in document["services"].items() if service.get("image") == "shop-images"}


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text())
    return parser


def test_compose_starts_what_the_procfile_does() -> None:
    started = {"release" if name == "setup" else name: " ".join(service["command"]) for name, service in services().items()}
    assert started == procfile()


def test_systemd_starts_what_the_procfile_does() -> None:
    started = {}
    for path in UNITS:
        command = unit(path)["Service"]["ExecStart"].removeprefix("/opt/shop-images/bin/").replace(" --web-port %i", "")
        started[path.stem.removeprefix("shop-images-").rstrip("@")] = command
    assert started == {name: command for name, command in procfile().items() if name != "release"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_restarts_what_ends_itself_and_waits_for_a_drain(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["Restart"] == "always", "a worker without progress ends with 75"
    assert int(service["TimeoutStopSec"]) >= 30
    assert service["User"] == "shop-images"


def test_every_command_of_the_procfile_exists() -> None:
    for command in procfile().values():
        words = command.split()
        assert words[0] in {"shop-images", "faust"}
        assert words[1] in main.commands if words[0] == "shop-images" else words[2] in APPLICATIONS.values()


def test_compose_sets_settings_that_exist_and_every_process_has_a_health_check() -> None:
    for name, service in services().items():
        assert set(service["environment"]) <= SETTINGS, name
        if name != "setup":
            ports = service["ports"][0].split(":")
            assert f":{ports[-1]}/health" in service["healthcheck"]["test"][-1], name


def test_the_container_sets_settings_that_exist_and_copies_what_is_there() -> None:
    text = (CLONE / "Dockerfile").read_text()
    (line,) = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    assert {word.split("=")[0] for word in line.split()} - {"PATH", "PYTHONUNBUFFERED"} <= SETTINGS
    copied = [word for words in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE) for word in words.split()]
    assert copied
    assert [word for word in copied if not (CLONE / word).exists()] == []
    allowed = {line[1:] for line in (CLONE / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {word.split("/")[0] for word in copied} <= allowed


@pytest.mark.proof
def test_the_container_installs_what_its_processes_need(tmp_path: Path) -> None:
    """Runs the steps of the image's first stage in a folder, and the commands from what they installed."""
    context, target = tmp_path / "context", tmp_path / "installed"
    text = (CLONE / "Dockerfile").read_text().partition("\nFROM python:3.11-slim\n")[0].replace("\\\n", "")
    for keyword, rest in re.findall(r"^(COPY|RUN) (.*)$", text, re.MULTILINE):
        if keyword == "COPY":
            *sources, folder = rest.split()
            for source in sources:
                copy(CLONE / source, context / (source if folder.rstrip("/") in {".", source.split("/")[0]} else folder))
            continue
        context.mkdir(exist_ok=True)
        command = rest.replace("/opt/shop-images", str(target)).replace("python -m venv", f"{sys.executable} -m venv")
        done = subprocess.run(
            ["/bin/sh", "-ec", command], cwd=context, capture_output=True, text=True, check=False, env={"STATS": "no", "PATH": "/bin"}
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    listed = subprocess.run([target / "bin" / "shop-images", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "check" in listed.stdout
    pages = "import faust_app.worker_app, faust_app.web_app, faust_app.web.admin.static as s; s.StaticFiles()"
    subprocess.run([target / "bin" / "python", "-c", pages], cwd=tmp_path, check=True, capture_output=True)
    packaged = next((target / "lib").rglob("faust_app/web/templates/admin/layout.html"))
    wanted = {path.relative_to(CLONE / "faust_app") for path in (CLONE / "faust_app").rglob("*.html")}
    assert wanted <= {path.relative_to(packaged.parents[3]) for path in packaged.parents[3].rglob("*.html")}


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
