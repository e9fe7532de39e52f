"""What goes into the next message, and when one that was not taken is tried again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.alerts.alert import Alert
from faust_app.core.alerts.decide import HOURLY, Due, choose
from faust_app.core.alerts.message import AlertMessage, Cause, Form, Undelivered, again_after, message_from_json, message_json
from faust_app.core.alerts.notices import Notice
from faust_app.core.failure_codes import Severity
from tests.factories import NOW


def due(name: str = "a", notice: Notice = Notice.OPENED, severity: Severity = Severity.PLATFORM, minutes: int = 0) -> Due:
    return Due(Alert(name, "c", None, severity, 1, NOW + timedelta(minutes=minutes), NOW, 1), notice)


@pytest.mark.parametrize(
    ("count", "sent", "was_unavailable", "form", "said"),
    [
        (0, 0, False, None, 0),
        (1, 0, False, Form.ALERT, 1),
        (3, 0, False, Form.ALERT, 1),
        (4, 0, False, Form.GROUP, 4),
        (1, 0, True, Form.ALERT, 1),
        (2, 0, True, Form.GROUP, 2),
        (1, HOURLY - 2, False, Form.ALERT, 1),
        (1, HOURLY - 1, False, Form.MORE, 1),
        (500, HOURLY - 1, True, Form.MORE, 500),
        (500, HOURLY, True, None, 0),
        (1, HOURLY + 1, False, None, 0),
    ],
)
def test_what_goes_into_the_next_message(count: int, sent: int, *, was_unavailable: bool, form: Form | None, said: int) -> None:
    chosen = choose([due(f"a{n}") for n in range(count)], sent_in_hour=sent, messenger_was_unavailable=was_unavailable)
    assert (chosen.form if chosen else None, len(chosen.due) if chosen else 0) == (form, said)


def test_the_most_urgent_is_said_first() -> None:
    notices = [
        due("d", Notice.GREW),
        due("f", severity=Severity.SHOP),
        due("c", Notice.WAS_OPEN),
        due("e", Notice.CLOSED),
        due("b", minutes=2),
        due("a", minutes=1),
    ]
    chosen = choose(notices, sent_in_hour=0, messenger_was_unavailable=False)
    assert chosen is not None
    assert "".join(each.alert.fingerprint for each in chosen.due) == "abcdef"


@pytest.mark.parametrize(
    ("failed", "attempts", "seconds"),
    [
        (Undelivered("x"), 1, 5),
        (Undelivered("x"), 2, 10),
        (Undelivered("x"), 4, 40),
        (Undelivered("x"), 5, 60),
        (Undelivered("x"), 10_000, 60),
        (Undelivered("x", refused=True), 1, 5),
        (Undelivered("x", refused=True), 8, 600),
        (Undelivered("x", retry_after=30), 1, 30),
        (Undelivered("x", retry_after=30), 5, 60),
        (Undelivered("x", retry_after=86_400), 1, 3600),
    ],
)
def test_a_message_that_was_not_taken_is_tried_again(failed: Undelivered, attempts: int, seconds: int) -> None:
    assert again_after(failed, attempts).total_seconds() == seconds


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_message_that_was_kept_reads_back_the_same(title: str, text: str) -> None:
    cause = Cause("opened", "f@h", "c", None, "shop", NOW, 3, 2)
    message = AlertMessage(Form.GROUP, NOW, Severity.SHOP, title, text, (cause, replace(cause, host=text)))
    assert message_from_json(message_json(message)) == message
