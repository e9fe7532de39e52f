"""The daily check: what is counted where, and what people read."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from faust_app.core.alerts.message import AlertMessage, Form, message_from_json, message_json
from faust_app.core.alerts.webhook_format import parse_template, slack_body, standard_body, template_body
from faust_app.core.failure_codes import Severity
from faust_app.core.images.row import ImageRow, ScheduleReason
from faust_app.core.maintenance.daily_report import DailyReport, OpenTally, daily_report, rescued_since
from faust_app.core.maintenance.daily_text import daily_lines, daily_message, headline
from faust_app.core.messages.positions import PartitionOffsets, Position
from faust_app.core.text import MAX_TEXT, Place
from tests.factories import NOW, accepted_row

DAY = timedelta(days=1)
BERLIN = Place(ZoneInfo("Europe/Berlin"))
OFFSETS = {("bulk", 0): PartitionOffsets(committed=100, start=10), ("express", 0): PartitionOffsets(committed=None, start=0)}
ENDS = {("bulk", 0): 200, ("express", 0): 5}


def scheduled(reason: ScheduleReason = ScheduleReason.DEFERRED, *, shop_no: int = 7, due: timedelta = timedelta(minutes=1)) -> ImageRow:
    return accepted_row(shop_no, scheduled_at=NOW + due, schedule_reason=reason, open_since=NOW - 2 * DAY)


def placed(topic: str, offset: int, *, shop_no: int = 7, ago: timedelta = DAY) -> ImageRow:
    return accepted_row(
        shop_no, scheduled_at=None, schedule_reason=None, position=Position(topic, 0, offset), open_since=NOW - DAY, updated_at=NOW - ago
    )


def counted_rows(*rows: ImageRow, rescued: dict[int, int] | None = None) -> DailyReport:
    tally = OpenTally(NOW)
    tally.add(rows, OFFSETS, ENDS)
    return daily_report(tally, NOW - DAY, rescued or {})


@pytest.mark.parametrize(
    ("row", "where"),
    [
        (scheduled(), (0, 1, 0)),
        (scheduled(due=-timedelta(minutes=5)), (0, 1, 0)),
        (placed("bulk", 150), (0, 0, 1)),
        (placed("bulk", 100), (0, 0, 1)),  # the next one to be consumed
        (placed("bulk", 99), (1, 0, 0)),  # consumed and forgotten
        (placed("bulk", 9), (1, 0, 0)),  # expired
        (placed("bulk", 200), (1, 0, 0)),  # past the end for long: the topic was made anew
        (placed("bulk", 200, ago=timedelta(seconds=1)), (0, 0, 1)),  # published just now
        (placed("express", 0), (0, 0, 1)),  # a group that never committed
        (placed("elsewhere", 0), (1, 0, 0)),
    ],
)
def test_a_row_is_counted_where_it_stands(row: ImageRow, where: tuple[int, int, int]) -> None:
    report = counted_rows(row)
    assert (report.lost, report.scheduled, report.queued) == where
    assert not report.ok


def test_what_waits_is_told_by_its_reason_and_what_nobody_publishes_as_overdue() -> None:
    report = counted_rows(scheduled(), scheduled(), scheduled(ScheduleReason.RETRY, due=-timedelta(seconds=61)))
    assert (report.reasons, report.overdue, report.oldest) == ((("deferred", 2), ("retry", 1)), 1, NOW - 2 * DAY)


def test_shops_are_listed_lost_ones_first_then_those_with_most() -> None:
    rows = [scheduled(shop_no=shop) for shop in range(1, 30) for _ in range(shop)] + [placed("bulk", 1, shop_no=99)]
    report = counted_rows(*rows, rescued={shop: shop for shop in range(1, 15)})
    assert [shop.shop_no for shop in report.top_shops] == [99, *range(29, 20, -1)]
    assert (report.shops, report.images, report.rescues, report.rescued_shops) == (30, 436, 105, 14)
    text = "\n".join(daily_lines(report, BERLIN))
    assert "- shop 99: 1 image (lost 1)\n- shop 29: 29 images (scheduled 29)\n" in text
    assert "- and 20 more shops\n" in text
    assert "105 lost events republished since 2026-02-28 13:00 Europe/Berlin (12:00 UTC) (shop 14 14, shop 13 13," in text
    assert " and 4 more shops)." in text


def test_a_message_says_what_how_far_what_is_safe_why_what_to_do_and_what_heals() -> None:
    rows = [scheduled(), scheduled(ScheduleReason.RETRY, due=-timedelta(minutes=5)), placed("bulk", 1), placed("bulk", 150, shop_no=8)]
    message = daily_message(counted_rows(*rows), BERLIN, all_well=False)
    assert message is not None
    assert (message.form, message.severity) == (Form.DAILY, Severity.PLATFORM)
    assert message.title == ("[daily] 4 images of 2 shops in progress for over a day: lost 1, scheduled 2 (deferred 1, retry 1), queued 1")
    words = [line.split(" ")[0] for line in message.text.splitlines() if not line.startswith("-")]
    assert words == ["What:", "Impact:", "Rescued:", "Safe:", "Likely", "Do:", "Heals"]
    assert "the oldest since 2026-02-27 13:00 Europe/Berlin (12:00 UTC), for 2 d." in message.text
    assert "Overdue: 1; no process publishes due images." in message.text
    assert "Do: Check that workers run, and search their logs for `rescue`." in message.text


@pytest.mark.parametrize(("all_well", "told"), [(False, False), (True, True)])
def test_nothing_wrong_is_told_only_to_who_asked_for_it(*, all_well: bool, told: bool) -> None:
    message = daily_message(counted_rows(), BERLIN, all_well=all_well)
    assert (message is not None) == told
    if message is not None:
        assert message.title == "[daily] All well: no image has been in progress for over a day, none was lost"
        assert message.severity is Severity.SHOP
        assert len(message.text.splitlines()) == 1


def test_what_was_rescued_is_told_and_is_nothing_to_look_into() -> None:
    report = counted_rows(rescued={7: 3})
    assert report.ok
    message = daily_message(report, BERLIN, all_well=False)
    assert message is not None
    assert message.title == "[daily] 3 lost events of 1 shop republished; nothing needs attention"
    assert "Do: nothing." in message.text


def hostile() -> AlertMessage:
    """A report with as many shops and digits as there can be."""
    rows = [scheduled(shop_no=2**53 - 1 - n) for n in range(2000)] + [placed("bulk", 1, shop_no=2**53 - 1)]
    message = daily_message(counted_rows(*rows, rescued=dict.fromkeys(range(2**53 - 100, 2**53), 10**12)), BERLIN, all_well=False)
    assert message is not None
    return message


def test_however_much_is_wrong_the_message_fits_and_survives_the_outbox_and_every_format() -> None:
    message = hostile()
    assert len(message.text) <= MAX_TEXT
    assert message_from_json(message_json(message)) == message
    body = json.loads(standard_body(message))
    assert (body["type"], body["data"]["text"]) == ("shop_images.daily", message.text)
    assert json.loads(slack_body(message))["text"] == f"{message.title}\n{message.text}", "nothing in it needs an escape"
    template = parse_template('{"a": "{{title}} \\"quoted\\" {{text}}", "b": ["{{form}}"]}')
    assert json.loads(template_body(template, message)) == {"a": f'{message.title} "quoted" {message.text}', "b": ["daily"]}


def test_a_report_is_kept_as_json_and_the_next_one_goes_on_from_it() -> None:
    report = counted_rows(scheduled(), placed("bulk", 1, shop_no=8), rescued={9: 2})
    kept = json.loads(json.dumps(report.as_json()))
    assert kept["open_over_a_day"]["top_shops"] == [
        {"shop_no": 8, "lost": 1, "scheduled": 0, "queued": 0},
        {"shop_no": 7, "lost": 0, "scheduled": 1, "queued": 0},
    ]
    assert (kept["ok"], kept["open_over_a_day"]["oldest_open_s"], kept["open_over_a_day"]["scheduled_by_reason"]) == (
        False,
        172800,
        {"deferred": 1},
    )
    assert kept["rescued"]["top_shops"] == [{"shop_no": 9, "rescues": 2}]
    assert rescued_since(NOW + DAY, kept) == NOW


@pytest.mark.parametrize(
    ("last", "since"),
    [
        (None, NOW - DAY),
        ({}, NOW - DAY),
        ({"as_of": 7}, NOW - DAY),
        ({"as_of": "2026-03-01T03:00:00.000001Z"}, datetime(2026, 3, 1, 3, 0, 0, 1, UTC).replace(tzinfo=None)),
        ({"as_of": "2025-03-01T03:00:00Z"}, NOW - 7 * DAY),
    ],
)
def test_rescues_are_told_since_the_last_report_a_week_at_most(last: dict[str, object] | None, since: datetime) -> None:
    assert rescued_since(NOW, last) == since


def test_one_image_is_told_in_the_singular() -> None:
    report = counted_rows(placed("bulk", 150))
    assert headline(report) == "1 image of 1 shop in progress for over a day: lost 0, scheduled 0, queued 1"
    assert headline(replace(report, queued=0, rescues=1, rescued_shops=1)) == "1 lost event of 1 shop republished; nothing needs attention"
