"""The daily digest: what it covers, what it says."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.alerts.digest import CodeCount, DigestCounts, Span, digest_message, digest_span
from faust_app.core.alerts.message import Form
from faust_app.core.text import Place
from tests.factories import NOW

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.lists(st.integers(1, 80 * 60), min_size=2, max_size=20))
def test_digests_cover_every_slot_once(steps: list[int]) -> None:
    last, spans = NOW, []
    for minutes in steps:
        now = last + timedelta(minutes=min(minutes, 3 * 24 * 60 - 5))
        spans.append(digest_span(now, last))
        last = now
    assert all(before.until == after.since for before, after in pairwise(spans))


def test_the_first_digest_covers_a_day_and_a_late_one_three() -> None:
    assert digest_span(NOW, None) == Span(NOW - timedelta(days=1), NOW)
    assert digest_span(NOW, NOW - timedelta(days=40)) == Span(NOW - timedelta(days=3), NOW)


def test_nothing_to_tell_is_no_message() -> None:
    assert digest_message(DigestCounts(), digest_span(NOW, None), Place(BERLIN), NOW) is None


def test_sources_that_do_not_answer_are_a_digest_though_no_image_failed() -> None:
    codes = (CodeCount("shop_host_down", True, 2, 2, 1, "slow.test", 2),)
    message = digest_message(DigestCounts(codes), digest_span(NOW, None), Place(BERLIN), NOW)
    assert message is not None
    assert message.title == "[digest] no image failed, but sources of shops do not answer or refuse us"
    assert "- shop_host_down: 2 reports of 2 shops at slow.test." in message.text
    assert "Shops with most" not in message.text


def test_the_digest_tells_causes_and_the_shops_with_most() -> None:
    codes = (
        CodeCount("source_not_found", False, 2000, 2000, 1990, "cdn.test", 11),
        CodeCount("too_large", False, 1, 1, 1, "shop.test", 1),
        CodeCount("shop_host_down", True, 3, 1, 1, "slow.test", 3),
    )
    message = digest_message(DigestCounts(codes, 2001, ((7, 12), (8, 1))), digest_span(NOW, None), Place(BERLIN), NOW)
    assert message is not None
    assert message.form is Form.DIGEST
    assert message.title == "[digest] 2,001 images of 2,001 shops failed because of the shops' own sources and files"
    lines = message.text.splitlines()
    assert lines[0].startswith("From 2026-02-28 13:00 Europe/Berlin (12:00 UTC) to 2026-03-01 13:00 Europe/Berlin (12:00 UTC).")
    assert lines[2].startswith("- source_not_found: 2,000 images of 2,000 shops at 1,990 sources, most at cdn.test (11). There is no image")
    assert lines[3].startswith("- too_large: 1 image of 1 shop at shop.test. ")
    assert lines[4].startswith("- shop_host_down: 3 reports of 1 shop at slow.test. ")
    assert "- shop 7: 12 images; `shop-images status --shop 7`" in lines
