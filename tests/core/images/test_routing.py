"""Which topic an event takes and by which key, and that it reads back."""

from dataclasses import replace

import pytest

from faust_app.core.dispatch.lanes import Lane
from faust_app.core.images.routing import Route, lane_of, may_be_express, route_of
from faust_app.core.images.row import ImageRow, Origin, ScheduleReason, event_of
from faust_app.core.messages.events import Op
from faust_app.core.messages.record import parse_event
from faust_app.core.messages.topics import Topics
from faust_app.flows.images.publish import event_json
from tests.factories import accepted_row, make_record

TOPICS = Topics.named("p.")


@pytest.mark.parametrize(
    ("row", "lane", "expected"),
    [
        (accepted_row(), Lane.BULK, Route("p.bulk", None)),
        (replace(accepted_row(), op=Op.UPDATE), Lane.BULK, Route("p.bulk", b"7")),
        (replace(accepted_row(), op=Op.DELETE), Lane.BULK, Route("p.bulk", b"7")),
        (accepted_row(), Lane.EXPRESS, Route("p.express", None)),
        (replace(accepted_row(), op=Op.UPDATE), Lane.EXPRESS, Route("p.express", b"7")),
        (replace(accepted_row(), op=Op.DELETE), Lane.EXPRESS, Route("p.express", b"7")),
        (replace(accepted_row(), attempt=1), Lane.RETRY, Route("p.retry", b"7/a")),
    ],
)
def test_a_registration_has_no_key_and_what_has_an_order_follows_its_shop(row: ImageRow, lane: Lane, expected: Route) -> None:
    assert route_of(row, TOPICS, lane) == expected


@pytest.mark.parametrize("reason", list(ScheduleReason))
@pytest.mark.parametrize("origin", list(Origin))
def test_only_what_a_shop_has_just_asked_for_may_be_express(reason: ScheduleReason, origin: Origin) -> None:
    row = accepted_row(schedule_reason=reason, origin=origin)
    asked = reason is ScheduleReason.UNSENT and origin is Origin.SHOP
    assert may_be_express(row) is asked
    assert lane_of(row, express=True) is (Lane.EXPRESS if asked else Lane.BULK)
    assert lane_of(row, express=False) is Lane.BULK


@pytest.mark.parametrize("reason", list(ScheduleReason))
@pytest.mark.parametrize("express", [True, False])
def test_what_is_tried_again_keeps_its_own_lane(reason: ScheduleReason, *, express: bool) -> None:
    assert lane_of(accepted_row(attempt=1, schedule_reason=reason), express=express) is Lane.RETRY


def test_the_event_of_a_row_reads_back_from_its_record() -> None:
    row = replace(accepted_row(image_id="á".encode()), product_id="p", external_version=3, correlation_id="c")
    event = event_of(row)
    assert parse_event(make_record(event_json(event))) == event
