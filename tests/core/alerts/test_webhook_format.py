"""What a messenger is sent: bodies that stay valid whatever an alert holds, and a signature that receivers accept."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from faust_app.core.alerts.message import AlertMessage, Cause, Form
from faust_app.core.alerts.webhook_format import parse_secret, parse_template, signature, slack_body, standard_body, template_body
from faust_app.core.failure_codes import Severity
from tests.factories import NOW

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CAUSE = Cause("opened", "source_error@h", "source_error", "h", "shop", NOW, 12, 3)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def message(title: str = "T", text: str = "a\nb") -> AlertMessage:
    return AlertMessage(Form.ALERT, NOW, Severity.PLATFORM, title, text, (CAUSE,))


def test_the_standard_body_has_type_time_and_data() -> None:
    body = json.loads(standard_body(message()))
    assert (body["type"], body["timestamp"]) == ("shop_images.alert", "2026-03-01T12:00:00Z")
    assert body["data"]["text"] == "a\nb"
    (cause,) = body["data"]["causes"]
    assert cause == {
        "notice": "opened", "fingerprint": "source_error@h", "code": "source_error", "host": "h", "urgency": "tell", "severity": "shop",
        "since": "2026-03-01T12:00:00Z", "images": 12, "shops": 3,
    }  # fmt: skip


@given(ANY_TEXT, ANY_TEXT)
def test_slack_gets_text_in_which_nothing_is_a_link_or_a_mention(title: str, text: str) -> None:
    body = json.loads(slack_body(message(title, text)))
    assert list(body) == ["text"]
    assert not {"<", ">"} & set(body["text"])
    assert body["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == f"{title}\n{text}"


def test_slacks_escapes() -> None:
    assert json.loads(slack_body(message("<!channel> & co", "<http://x|y>")))["text"] == "&lt;!channel&gt; &amp; co\n&lt;http://x|y&gt;"


@given(ANY_TEXT, ANY_TEXT)
def test_a_template_stays_json_and_keeps_its_shape_whatever_it_is_filled_with(title: str, text: str) -> None:
    template = parse_template(
        '{"a": [{"b": "{{title}}: {{ text }}"}, 1, null], "{{title}}": "{{severity}} {{urgency}} {{form}} {{time}} {{causes}}"}'
    )
    assert json.loads(template_body(template, message(title, text))) == {
        "a": [{"b": f"{title}: {text}"}, 1, None],
        "{{title}}": "platform tell alert 2026-03-01T12:00:00Z 1",
    }


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("", "is not valid JSON"),
        ('{"a": {{text}}}', "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ('["{{text}}"]', "must be a JSON object"),
        ('{"a": "b"}', "must contain {{title}} or {{text}}"),
        ('{"a": "{{text}} {{secret}}"}', "may contain the placeholders {{title}}, {{text}}, "),
    ],
)
def test_a_template_that_cannot_work_is_told_in_one_line(template: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_template(template)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("secret", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_***", "whsec_" + "A" * 100])
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_ followed by 24 to 64 bytes in base64"):
        parse_secret(secret)


@given(ANY_TEXT, ANY_TEXT)
def test_a_receiver_accepts_the_signature_and_notices_every_change(title: str, text: str) -> None:
    body, now = standard_body(message(title, text)), int(datetime.now(UTC).timestamp())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now)}
    headers["webhook-signature"] = signature(parse_secret(SECRET), "msg_1", now, body)
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)
    for changed, wrong in ((body + b" ", headers), (body, {**headers, "webhook-id": "msg_2"})):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(changed, wrong)
