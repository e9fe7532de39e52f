"""Alerts in words: the order that helps at night, every cause with its advice, foreign text made harmless."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.alerts.alert import Alert, FaultKind, PlatformFault, of_record
from faust_app.core.alerts.decide import Chosen, Due
from faust_app.core.alerts.message import Form
from faust_app.core.alerts.notices import Notice
from faust_app.core.alerts.text import NOWHERE, Impact, alert_text, compose, line_of, title_of
from faust_app.core.failure import FailureCode
from faust_app.core.failure_codes import Severity
from faust_app.core.text import MAX_TEXT, Place, duration, zoned_time
from tests.factories import NOW

BERLIN = Place(ZoneInfo("Europe/Berlin"), "https://images.example")
UTC = Place(ZoneInfo("UTC"))
LATER = NOW + timedelta(minutes=14)


def fault(kind: FaultKind, **values: object) -> Alert:
    alert = Alert(PlatformFault(kind, "w").fingerprint, kind.value, None, kind.severity, 1, NOW, NOW, 2)
    return replace(alert, **values)  # type: ignore[arg-type]


def images(code: str, **values: object) -> Alert:
    severity = next((known.severity for known in FailureCode if known.value == code), Severity.SHOP)
    alert = Alert(f"{code}@cdn.test", code, "cdn.test", severity, 1, NOW, NOW, 12_000, sample_shop=7, sample_image="ä/1".encode())
    return replace(alert, **values)  # type: ignore[arg-type]


def test_a_fault_of_the_platform_in_words() -> None:
    alert = fault(FaultKind.DEPENDENCY_STORAGE, detail="AccessDenied")
    impact = Impact(workers=("host1:7", "host2:8"), waiting=1240)
    assert title_of(Due(alert, Notice.OPENED)) == "[platform] Object storage is unavailable"
    assert alert_text(Due(alert, Notice.OPENED), impact, BERLIN, LATER).splitlines() == [
        "What: Object storage is unavailable (AccessDenied), since 2026-03-01 13:00 Europe/Berlin (12:00 UTC), for 14 min.",
        "Impact: 2 processes (host1:7, host2:8); 1,240 images waiting.",
        "Safe: attempts spent 0, lost 0; every image waits in Kafka or in its worker, and requests are accepted.",
        "Likely cause: storage is down or overloaded, its credentials were changed, or the bucket is gone.",
        "Do: check the storage service, S3_ENDPOINT_URL, S3_BUCKET and the credentials; https://images.example/ready gives the reason.",
        "Heals by itself: yes; workers probe it every 5 to 60 seconds and resume by themselves.",
    ]


def test_failed_images_in_words() -> None:
    impact = Impact(shops=3, top_shops=((7, 11_000), (8, 900), (9, 100)), recent=4000, before=300)
    text = alert_text(Due(images("source_forbidden"), Notice.OPENED), impact, BERLIN, LATER)
    what, reaches, safe, cause, step, heals = text.splitlines()
    assert what.startswith("What: Images fail: source forbidden at cdn.test, since 2026-03-01 13:00 Europe/Berlin (12:00 UTC)")
    assert reaches == (
        "Impact: 12,000 images of 3 shops (most: shop 7 with 11,000, shop 8 with 900, shop 9 with 100);"
        " 4,000 in the last 10 minutes, 300 in the 10 before."
    )
    assert "lost 0" in safe
    assert "firewall" in cause
    assert "`shop-images status --shop 7`" in step
    assert step.endswith("GET https://images.example/v1/shops/7/images/%C3%A4%2F1")
    assert heals.startswith("Heals by itself: no")


def test_what_is_over_says_for_how_long_and_asks_for_nothing() -> None:
    alert = fault(FaultKind.DEPENDENCY_KAFKA, ended_at=NOW + timedelta(hours=2, minutes=5))
    text = alert_text(Due(alert, Notice.CLOSED), NOWHERE, UTC, NOW + timedelta(hours=2, minutes=6))
    assert title_of(Due(alert, Notice.CLOSED)) == "[back] Kafka acknowledges records again"
    assert "since 2026-03-01 12:00 UTC until 2026-03-01 14:05 UTC, 2 h 5 min." in text
    assert "Do: nothing." in text
    assert text.endswith("Heals by itself: it is over.")


def records(code: FailureCode) -> Alert:
    return replace(images(code.value), fingerprint=of_record(code, "").fingerprint, sample_shop=None, sample_image=None)


EVERY_CAUSE = [
    *(fault(kind) for kind in FaultKind),
    *(images(code.value) for code in FailureCode),
    *(records(code) for code in FailureCode),
]
NEWER = [images("made_tomorrow"), replace(fault(FaultKind.EGRESS), code="tomorrow", fingerprint="fault.tomorrow@-")]


@pytest.mark.parametrize("alert", [*EVERY_CAUSE, *NEWER], ids=lambda alert: alert.fingerprint)
@pytest.mark.parametrize("notice", Notice)
def test_every_cause_is_told_in_the_same_order_with_a_step_to_take(alert: Alert, notice: Notice) -> None:
    text = alert_text(Due(alert, notice), Impact(shops=1, top_shops=((7, 1),)), UTC, LATER)
    heads = [line.partition(": ")[0] for line in text.splitlines()]
    assert heads == ["What", "Impact", "Safe", "Likely cause", "Do", "Heals by itself"]
    assert all(len(line.partition(": ")[2]) > len("yes") for line in text.splitlines())
    assert text.count("{") == 0
    assert "lost" in text


@given(st.text(max_size=3000))
def test_a_foreign_detail_stays_on_its_line_of_the_alert(detail: str) -> None:
    first, *rest = alert_text(Due(images("too_large", detail=detail), Notice.OPENED), NOWHERE, UTC, LATER).splitlines()
    assert first.isprintable()
    assert len(rest) == 5


@given(st.lists(st.sampled_from([*EVERY_CAUSE, *NEWER]), min_size=1, max_size=60), st.sampled_from(Form))
def test_a_message_of_many_causes_fits_and_counts_those_it_does_not_list(alerts: list[Alert], form: Form) -> None:
    due = tuple(Due(replace(alert, detail="x" * 500), Notice.OPENED) for alert in alerts)
    message = compose(Chosen(form, due), {}, BERLIN, LATER)
    assert len(message.text) <= MAX_TEXT
    assert not message.text.endswith(" …")
    if form is not Form.ALERT:
        listed = message.text.count("\n- ") + message.text.startswith("- ")
        rest = f"and {len(due) - listed} more cause"
        assert (rest in message.text) is (listed < len(due))
        assert listed >= min(len(due), 5)


def test_a_message_is_the_platforms_as_soon_as_one_of_its_causes_is() -> None:
    shop, platform = Due(images("too_large"), Notice.OPENED), Due(fault(FaultKind.EGRESS), Notice.OPENED)
    assert compose(Chosen(Form.GROUP, (shop, platform)), {}, UTC, LATER).severity is Severity.PLATFORM
    assert compose(Chosen(Form.GROUP, (shop, shop)), {}, UTC, LATER).severity is Severity.SHOP


def test_an_open_alert_is_one_line_of_a_list() -> None:
    line = line_of(images("too_large", occurrences=1), UTC, LATER)
    assert line == "[shop] Images fail: too large at cdn.test: 1 image, since 2026-03-01 12:00 UTC, for 14 min"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "less than a minute"), (59, "less than a minute"), (60, "1 min"), (3600, "1 h"), (3660, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_is_told_in_the_units_that_matter(seconds: int, shown: str) -> None:
    assert duration(timedelta(seconds=seconds)) == shown


def test_summer_time_is_told_as_the_platform_reads_it() -> None:
    assert zoned_time(NOW.replace(month=7), BERLIN.zone) == "2026-07-01 14:00 Europe/Berlin (12:00 UTC)"
