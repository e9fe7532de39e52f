"""`shop-images check --alerts` and `shop-images alerts`: does a message arrive, and what is wrong now."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pymysql
import pytest
from click.testing import CliRunner, Result
from standardwebhooks import Webhook as Receiver

from faust_app.__main__ import main
from faust_app.settings import Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Hook(ThreadingHTTPServer):
    """A messenger on a thread of its own, since the command runs a loop of its own."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[dict[str, str], bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/verysecretpart"


class Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"said")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hook]:
    monkeypatch.chdir(tmp_path)
    with Hook() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("ALERT_WEBHOOK_URL", server.address)
        monkeypatch.setenv("ALERT_WEBHOOK_SECRET", SECRET)
        yield server
        server.shutdown()
        thread.join()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_a_test_message_is_sent_and_what_was_answered_is_said(hook: Hook) -> None:
    result = run("check", "--alerts")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert line.startswith("test message accepted (status 200: said), format standard, id msg_")
    ((headers, body),) = hook.requests
    data = Receiver(SECRET).verify(body, headers)
    assert (data["type"], data["data"]["title"]) == ("shop_images.test", "[test] shop-images can reach you")


def test_the_answer_is_one_json_object_when_asked_for(hook: Hook) -> None:
    report = json.loads(run("check", "--alerts", "--json").stdout)
    assert report.pop("webhook_id").startswith("msg_")
    assert report == {"delivered": True, "format": "standard", "answer": "status 200: said"}
    hook.status = 500
    result = run("check", "--alerts", "--json")
    assert (result.exit_code, json.loads(result.stdout)["delivered"]) == (1, False)


def test_a_message_that_is_not_taken_is_one_line_and_exit_code_one(hook: Hook) -> None:
    hook.status = 404
    result = run("check", "--alerts")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line == ("shop-images: test message not accepted: status 404: said; check ALERT_WEBHOOK_URL and ALERT_WEBHOOK_FORMAT")
    assert "verysecretpart" not in result.output


def test_open_alerts_are_listed_for_people_and_for_machines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alert_settings: Settings
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", alert_settings.database_url.get_secret_value())
    with pymysql.connect(**alert_settings.database, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM alert")
        assert run("alerts").stdout == "no alert is open\n"
        cursor.execute(
            "INSERT INTO alert (fingerprint, code, host, severity, opened_at, last_at, occurrences) VALUES"
            " ('too_large@h', 'too_large', 'h', 'shop', '2026-03-01 12:00', '2026-03-01 12:01', 12),"
            " ('fault.egress@-', 'egress', NULL, 'platform', '2026-03-01 12:00', '2026-03-01 12:01', 1)"
        )
    first, second = run("alerts").stdout.splitlines()
    assert first.startswith("[platform] Sources of many shops are unreachable from our network: 1 report, since 2026-03-01 12:00 UTC, for ")
    assert second.startswith("[shop] Images fail: too large at h: 12 images, since ")
    alerts = json.loads(run("alerts", "--json").stdout)["alerts"]
    assert [(alert["fingerprint"], alert["count"], alert["since"], alert["reported_at"]) for alert in alerts] == [
        ("fault.egress@-", 1, "2026-03-01T12:00:00Z", None),
        ("too_large@h", 12, "2026-03-01T12:00:00Z", None),
    ]
