"""What the flows may rely on of the messenger, for the fake and for the webhook over HTTP alike; and what only HTTP can do."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook as Receiver

from faust_app.adapters.http.webhook import Webhook
from faust_app.core.alerts.message import AlertMessage, Delivered, Form, Undelivered
from faust_app.core.failure_codes import Severity
from faust_app.flows.ports.alerts import Messenger
from faust_app.settings import Settings
from tests.factories import NOW
from tests.fakes.alerts import FakeMessenger

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = "/services/T0000/B0000/verysecretpart"
MESSAGE = AlertMessage(Form.ALERT, NOW, Severity.PLATFORM, "Title <ä>", "a & b\n\U0001f600")


@dataclass
class Hook:
    """A messenger's end of the line: keeps what came, answers what it is told to."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    address: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        if self.silent and request.transport is not None:
            request.transport.close()
        return web.Response(status=self.status, text=self.body, headers=self.headers)

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.requests]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hook.answer)
    async with TestServer(app) as server:
        hook.address = str(server.make_url(PATH))
        yield hook


def settings(hook: Hook, **values: Any) -> Settings:
    values = {"alert_webhook_format": "standard", "alert_webhook_secret": SECRET, "alert_webhook_url": hook.address, **values}
    return Settings(_env_file=None, **values)


@dataclass
class Line:
    messenger: Messenger
    hook: Hook
    fake: FakeMessenger | None = None

    def break_down(self) -> None:
        if self.fake is not None:
            self.fake.unavailable = Undelivered("status 503")
        self.hook.status = 503

    def ids(self) -> list[str]:
        return self.fake.ids if self.fake is not None else [headers["webhook-id"] for headers, _ in self.hook.requests]


@pytest.fixture(params=["fake", "http"])
async def line(request: pytest.FixtureRequest, hook: Hook) -> AsyncIterator[Line]:
    if request.param == "fake":
        fake = FakeMessenger()
        yield Line(fake, hook, fake)
        return
    async with Webhook(settings(hook)) as webhook:
        yield Line(webhook, hook)


async def test_a_message_is_taken_under_its_id_as_often_as_it_is_sent(line: Line) -> None:
    for _ in range(2):
        assert isinstance(await line.messenger.send("msg_1", MESSAGE), Delivered)
    assert line.ids() == ["msg_1", "msg_1"]


async def test_a_messenger_in_trouble_may_be_asked_again(line: Line) -> None:
    line.break_down()
    result = await line.messenger.send("msg_1", MESSAGE)
    assert isinstance(result, Undelivered)
    assert (result.refused, "503" in result.reason) == (False, True)


async def test_the_standard_format_is_what_its_own_library_verifies(hook: Hook) -> None:
    async with Webhook(settings(hook)) as webhook:
        assert await webhook.send("msg_1", MESSAGE) == Delivered("status 200: ok")
    ((headers, body),) = hook.requests
    assert Receiver(SECRET).verify(body, headers)["data"]["text"] == MESSAGE.text
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("shop-images/")


async def test_slack_gets_its_format(hook: Hook) -> None:
    async with Webhook(settings(hook, alert_webhook_format="slack", alert_webhook_secret=None)) as webhook:
        await webhook.send("msg_1", MESSAGE)
    assert hook.bodies() == [{"text": "Title &lt;ä&gt;\na &amp; b\n\U0001f600"}]
    assert "webhook-signature" not in hook.requests[0][0]


async def test_any_other_messenger_gets_its_template(hook: Hook) -> None:
    template = '{"msgtype": "text", "text": {"content": "{{title}}: {{text}}"}}'
    async with Webhook(settings(hook, alert_webhook_format="template", alert_webhook_template=template)) as webhook:
        await webhook.send("msg_1", MESSAGE)
    assert hook.bodies() == [{"msgtype": "text", "text": {"content": f"{MESSAGE.title}: {MESSAGE.text}"}}]
    Receiver(SECRET).verify(hook.requests[0][1], hook.requests[0][0])


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (204, {}, None),
        (400, {}, (True, None)),
        (401, {}, (True, None)),
        (404, {}, (True, None)),
        (410, {}, (True, None)),
        (302, {"Location": "/elsewhere"}, (True, None)),
        (408, {}, (False, None)),
        (429, {"Retry-After": "30"}, (False, 30.0)),
        (429, {"Retry-After": "soon"}, (False, None)),
        (500, {}, (False, None)),
        (503, {"Retry-After": "7"}, (False, 7.0)),
    ],
)
async def test_what_the_messenger_answers_is_taken_refused_or_later(
    hook: Hook, status: int, headers: dict[str, str], expected: tuple[bool, float | None] | None
) -> None:
    hook.status, hook.headers = status, headers
    async with Webhook(settings(hook)) as webhook:
        result = await webhook.send("msg_1", MESSAGE)
    if expected is None:
        assert isinstance(result, Delivered)
    else:
        assert isinstance(result, Undelivered)
        assert (result.refused, result.retry_after) == expected
    assert len(hook.requests) == 1, "a redirect is not followed"


async def test_a_messenger_that_does_not_answer_is_given_up_in_time(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Webhook(settings(hook), timeout=0.05) as webhook:
        never = web.Application()

        async def wait(request: web.Request) -> web.Response:
            await request.content.read()
            while not request.transport or not request.transport.is_closing():
                await _tick()
            return web.Response()

        never.router.add_post("/", wait)
        async with TestServer(never) as server:
            monkeypatch.setattr(webhook, "_url", str(server.make_url("/")))
            result = await webhook.send("msg_1", MESSAGE)
    assert isinstance(result, Undelivered)
    assert (result.refused, result.reason) == (False, "no answer within 0 s")


async def _tick() -> None:
    await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.1:1" + PATH, "no connection: "),
        ("http://messenger.invalid" + PATH, "its host name does not resolve"),
        ("https://127.0.0.1:{port}" + PATH, ""),
    ],
)
async def test_an_address_nobody_answers_at_is_told_without_itself(
    hook: Hook, address: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = hook.address.split(":")[2].partition("/")[0]
    with caplog.at_level(logging.DEBUG):
        async with Webhook(settings(hook, alert_webhook_url=address.format(port=port))) as webhook:
            result = await webhook.send("msg_1", MESSAGE)
    assert isinstance(result, Undelivered)
    assert result.reason.startswith(reason)
    assert "verysecretpart" not in result.reason + caplog.text
    assert not result.refused


async def test_a_transfer_that_breaks_off_is_later(hook: Hook) -> None:
    hook.silent = True
    async with Webhook(settings(hook)) as webhook:
        result = await webhook.send("msg_1", MESSAGE)
    assert isinstance(result, Undelivered)
    assert result.reason == "the transfer failed"


async def test_what_the_messenger_says_is_shown_in_short_and_never_our_address(hook: Hook) -> None:
    hook.status, hook.body = 404, f"no\nsuch hook {PATH} at {hook.address} \x1b[31m" + "x" * 5000
    async with Webhook(settings(hook)) as webhook:
        result = await webhook.send("msg_1", MESSAGE)
    assert isinstance(result, Undelivered)
    assert result.reason.startswith("status 404: no such hook *** at *** ")
    assert "verysecretpart" not in result.reason
    assert result.reason.isprintable()
    assert len(result.reason) < 150


def test_without_an_address_there_is_no_messenger() -> None:
    with pytest.raises(ValueError, match="ALERT_WEBHOOK_URL"):
        Webhook(Settings(_env_file=None))
