"""`shop-images check` and `check --daily`: what people and machines are told, and with which exit code."""

import asyncio
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pymysql
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from click.testing import CliRunner, Result
from pydantic import SecretStr

from faust_app.__main__ import main
from faust_app.settings import Settings

HOOK = "http://127.0.0.1:1/verysecretpart"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OPEN = (
    "INSERT INTO image (shop_no, image_id, version, op, requested_at, state, scheduled_at, schedule_reason, open_since, updated_at) SELECT"
    " %s, 'a', 1, 'register', at, 'IN_PROGRESS', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 'deferred', at, at"
    " FROM (SELECT UTC_TIMESTAMP(6) - INTERVAL %s HOUR at) x"
)


class Hook(ThreadingHTTPServer):
    """A messenger's end of the line."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.taken: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Hook)
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def daily_settings(install: Callable[..., Settings]) -> Settings:
    settings = install()
    asyncio.run(commit_something(settings))
    return settings


async def commit_something(settings: Settings) -> None:
    """Wait until a new cluster has a group coordinator, as every one in use has."""
    consumer = AIOKafkaConsumer(**settings.kafka, group_id="the first of all", enable_auto_commit=False)
    await consumer.start()
    tp = TopicPartition(settings.topics.bulk.name, 0)
    consumer.assign([tp])
    async with asyncio.timeout(20):
        await consumer.commit({tp: 0})
    await consumer.stop()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, daily_settings: Settings) -> Settings:
    monkeypatch.chdir(tmp_path)
    storage = ("s3_endpoint_url", "s3_bucket", "s3_access_key_id", "s3_secret_access_key")
    for name in ("database_url", "kafka_url", "app_id", "topic_prefix", "topic_replication", "topic_min_insync_replicas", *storage):
        value = getattr(daily_settings, name)
        monkeypatch.setenv(name.upper(), value.get_secret_value() if isinstance(value, SecretStr) else str(value))
    for table in ("image", "alert_message", "job_run"):
        execute(daily_settings, f"DELETE FROM {table}")  # noqa: S608 - our own names
    return daily_settings


def execute(settings: Settings, sql: str, *parameters: object) -> tuple[tuple[object, ...], ...]:
    with pymysql.connect(**settings.database, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return tuple(cursor.fetchall())


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_sizes_are_a_table_for_people_and_an_object_for_machines(installed: Settings) -> None:
    result = run("check", "--sizes")
    assert result.exit_code == 0, result.output
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["table", "rows", "MB", "rows", "a", "day", "MB", "a", "day", "kept"]
    assert any(line.startswith("image_history") and line.endswith("15 months") for line in lines)
    assert all(len(line) <= 120 for line in lines)
    tables = json.loads(run("check", "--sizes", "--json").stdout)["tables"]
    assert {"table", "rows", "bytes", "rows_a_day", "bytes_a_day", "kept"} == set(tables[0])


def test_the_self_check_says_one_line_each_and_ends_by_the_worst(installed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("check")
    assert result.exit_code == 3, result.output  # one broker, and nobody is told of faults
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith(("ok ", "warning "))] == []
    assert any(line.startswith("warning alerts: nobody is told of faults; set ALERT_WEBHOOK_URL") for line in lines)
    assert any(line.startswith("ok      schema: at revision ") for line in lines)
    monkeypatch.setenv("KAFKA_URL", "kafka://127.0.0.1:1")
    broken = run("check", "--json")
    assert broken.exit_code == 1
    report = json.loads(broken.stdout)
    assert (report["verdict"], report["findings"][0]["subject"], report["findings"][0]["verdict"]) == ("error", "Kafka", "error")


def test_when_all_is_well_the_daily_check_says_so_and_ends_with_zero(installed: Settings) -> None:
    execute(installed, OPEN, 7, 23)
    result = run("check", "--daily")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert line.startswith("What: all well at ")
    assert json.loads(run("check", "--daily", "--json").stdout)["ok"] is True


def test_what_is_open_for_over_a_day_is_told_to_who_asks_and_to_the_messenger(
    installed: Settings, monkeypatch: pytest.MonkeyPatch, hook: Hook
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", hook.address)
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", SECRET)
    execute(installed, OPEN, 7, 25)
    result = run("check", "--daily")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].startswith("What: 1 image in progress for over a day, the oldest since ")
    assert "- shop 7: 1 image (scheduled 1)" in result.stdout.splitlines()
    assert result.stdout.splitlines()[-1].startswith("Sent: the messenger accepted it (")
    (message,) = hook.taken
    assert message["data"]["title"] == "[daily] 1 image of 1 shop in progress for over a day: lost 0, scheduled 1 (deferred 1), queued 0"
    quiet = run("check", "--daily", "--no-send", "--json")
    assert (quiet.exit_code, json.loads(quiet.stdout)["sent"], json.loads(quiet.stdout)["open_over_a_day"]["scheduled"]) == (1, False, 1)
    assert len(hook.taken) == 1
    assert execute(installed, "SELECT COUNT(*) FROM alert_message") == ((0,),), "it holds up no alert and counts into no limit"
    assert execute(installed, "SELECT COUNT(*) FROM job_run") == ((0,),), "the run of the day is done all the same"


def test_a_messenger_that_does_not_answer_is_told_to_who_asks(installed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", HOOK)
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", SECRET)
    execute(installed, OPEN, 7, 25)
    result = run("check", "--daily")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("Not sent: ")
    assert "verysecretpart" not in result.output


def test_without_a_messenger_nothing_waits_for_one(installed: Settings) -> None:
    execute(installed, OPEN, 7, 25)
    assert json.loads(run("check", "--daily", "--json").stdout)["sent"] is False
    assert execute(installed, "SELECT COUNT(*) FROM alert_message") == ((0,),)


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("DATABASE_URL", "mysql://u:s3cret@127.0.0.1:1/d", "shop-images: database_unavailable: "),
        ("KAFKA_URL", "kafka://127.0.0.1:1", "shop-images: kafka_unavailable: "),
    ],
)
def test_an_outage_is_one_line_that_names_the_setting(
    installed: Settings, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, told: str
) -> None:
    monkeypatch.setenv(setting, value)
    result = run("check", "--daily")
    assert (result.exit_code, result.stdout) == (1, "")
    line = result.stderr.splitlines()[-1]
    assert line.startswith(told)
    assert f"is {setting} right?" in line
    assert "s3cret" not in result.output
