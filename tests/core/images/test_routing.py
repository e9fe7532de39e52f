"""Which topic an event takes and by which key, and that it reads back."""

from dataclasses import replace

import pytest

from faust_app.core.images.routing import Lane, lane
from faust_app.core.images.row import ImageRow, event_of
from faust_app.core.messages.events import Op
from faust_app.core.messages.record import parse_event
from faust_app.core.messages.topics import Topics
from faust_app.flows.images.publish import event_json
from tests.factories import accepted_row, make_record

TOPICS = Topics.named("p.")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (accepted_row(), Lane("p.bulk", None)),
        (replace(accepted_row(), op=Op.UPDATE), Lane("p.bulk", b"7")),
        (replace(accepted_row(), op=Op.DELETE), Lane("p.bulk", b"7")),
        (replace(accepted_row(), attempt=1), Lane("p.retry", b"7/a")),
    ],
)
def test_a_registration_has_no_key_and_what_has_an_order_follows_its_shop(row: ImageRow, expected: Lane) -> None:
    assert lane(row, TOPICS) == expected


def test_the_event_of_a_row_reads_back_from_its_record() -> None:
    row = replace(accepted_row(image_id="á".encode()), product_id="p", external_version=3, correlation_id="c")
    event = event_of(row)
    assert parse_event(make_record(event_json(event))) == event
