"""What is told of each end of an image, and that it follows the contract."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from faust_app.core.failure import FailureCode
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.outcome import Deferred, Failed, Kept, Outcome, Removed, Retry, Stored
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.images.transitions.settle import settle
from faust_app.core.images.transitions.told import of_rejected, of_restored
from faust_app.core.messages.events import Op
from faust_app.core.messages.rejection import Names, names_in
from faust_app.core.results.body import body_of, image_result, record_key, record_value
from faust_app.core.results.positions import first_position, position_at
from faust_app.core.results.result import Fault, ImageResult, Positioned, Result, fault_of
from faust_app.flows.images.intake import IntakeTerms, decide
from tests.factories import LEASE, NOW, accepted_row, done_row, make_record, make_request, make_shown

NAMED: dict[str, Any] = {"product_id": "p", "external_version": 3, "correlation_id": "c"}
BASE = "https://cdn.test"


def told(row: ImageRow, outcome: Outcome) -> list[Result]:
    changes = Changes()
    changes.take(settle(row, outcome, now=NOW, replaced_grace=timedelta(0)), attempt=row.attempt)
    return changes.results


def delivered(result: Result, position: int = 5, base: str | None = BASE) -> ImageResult:
    row = Positioned(position, result.at, result.shop_no, result.image_id, body_of(result))
    read = ImageResult.model_validate_json(record_value(row, base), strict=False)
    assert set(image_result(row, base)) == set(ImageResult.model_fields)
    return read


def test_a_stored_image_is_told_with_what_is_shown() -> None:
    row = accepted_row(**NAMED)
    shown = make_shown(row)
    (result,) = told(row, Stored(row, shown))
    assert delivered(result).model_dump(mode="json", exclude_none=True) == {
        "kind": "stored", "shop_no": 7, "image_id": "a", "version": 10, **NAMED, "public_url": f"{BASE}/{shown.object_key}",
        "size": 1234, "content_type": "image/jpeg", "width": 20, "height": 10, "at": "2026-03-01T12:00:00Z", "position": 5,
    }  # fmt: skip


def test_an_image_that_has_not_changed_is_told_as_unchanged() -> None:
    row = accepted_row(shown=make_shown(accepted_row()))
    for transferred in (True, False):
        (result,) = told(row, Kept(row, make_shown(row), transferred))
        assert (delivered(result).kind, delivered(result).public_url is None) == ("unchanged", False)


def test_a_deleted_image_shows_nothing_any_more() -> None:
    row = accepted_row(op=Op.DELETE, shown=make_shown(accepted_row()))
    (result,) = told(row, Removed(row))
    read = delivered(result)
    assert (read.kind, read.public_url, read.size) == ("deleted", None, None)


def test_a_failed_image_says_why_and_whose_fault_it_is_and_shows_what_it_showed() -> None:
    shown = make_shown(accepted_row(version=5))
    row = accepted_row(shown=shown)
    (result,) = told(row, Failed(row, FailureCode.SOURCE_TIMEOUT, "No answer from https://secret.test/?token=1."))
    read = delivered(result)
    assert (read.kind, read.code, read.fault, read.sentence) == (
        "failed", "source_timeout", Fault.SOURCE, FailureCode.SOURCE_TIMEOUT.sentence,
    )  # fmt: skip
    assert read.public_url == f"{BASE}/{shown.object_key}"
    assert "secret" not in body_of(result)


def test_a_good_image_that_could_not_be_fetched_again_is_unchanged_with_the_code() -> None:
    row = replace(accepted_row(shown=make_shown(accepted_row())), refetched=True)
    (result,) = told(row, Failed(row, FailureCode.SOURCE_NOT_FOUND, "404"))
    assert (delivered(result).kind, delivered(result).code) == ("unchanged", "source_not_found")


@pytest.mark.parametrize(
    "outcome",
    [
        lambda row: Retry(row, FailureCode.SOURCE_BUSY, "", timedelta(seconds=1)),
        lambda row: Deferred(row, timedelta(seconds=1)),
        lambda row: Stored(replace(row, version=9), make_shown(row)),
    ],
)
def test_what_is_not_finished_or_was_refused_is_not_told(outcome: Any) -> None:
    row = accepted_row()
    assert told(row, outcome(row)) == []


def test_a_version_that_was_asked_for_again_is_told_and_the_next_one_follows() -> None:
    read = accepted_row()
    row = replace(read, requested_at=NOW + timedelta(seconds=1))
    (result,) = told(row, Stored(read, make_shown(read)))
    assert (delivered(result).kind, delivered(result).version) == ("stored", 10)


def answers(row: ImageRow, *requests: Any) -> list[ImageResult]:
    changes, _ = decide(requests, Locked({row.key: row}, NOW), IntakeTerms(LEASE))
    return [delivered(result) for result in changes.results]


def test_superseded_requests_are_told_one_by_one_with_the_version_they_met() -> None:
    row = done_row(external_version=9)
    found = answers(row, *(make_request(external_version=number, correlation_id=f"c{number}") for number in (4, 5)))
    assert [(each.kind, each.version, each.external_version, each.correlation_id) for each in found] == [
        ("superseded", 10, 4, "c4"),
        ("superseded", 10, 5, "c5"),
    ]


def test_a_repeated_deletion_is_answered_at_once() -> None:
    gone = done_row(state=ImageState.DELETED, op=Op.DELETE, shown=None)
    (answer,) = answers(gone, make_request(op=Op.DELETE, correlation_id="again"))
    assert (answer.kind, answer.correlation_id) == ("deleted", "again")


def test_a_repeated_request_is_answered_by_the_result_of_its_image() -> None:
    assert answers(accepted_row(), make_request(correlation_id="again")) == []


def test_an_image_that_is_taken_back_is_told_under_its_new_version() -> None:
    assert delivered(of_restored(done_row(version=11), NOW)).kind == "unchanged"
    failed = delivered(of_restored(done_row(version=11, state=ImageState.FAILED, error_code="of_another_release"), NOW))
    assert (failed.kind, failed.code, failed.sentence, failed.fault) == ("failed", "of_another_release", None, None)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (b'{"shop_no": 7, "image_id": "\xc3\xa1", "correlation_id": "c", "op": 1}', Names(7, "á", correlation_id="c")),
        (b'{"shop_no": true, "image_id": 3, "product_id": "p", "external_version": 0}', Names(product_id="p")),
        (b'{"shop_no": 9007199254740992, "image_id": "a\\nb", "correlation_id": "' + b"x" * 65 + b'"}', Names()),
        (b'{"image_id": "\\ud800"}', Names()),
        (b"[" * 60_000, Names()),
        (b'{"shop_no": 7, "x": "' + b"x" * 70_000 + b'"}', Names()),
        (b"\xff", Names()),
        (b"[7]", Names()),
        (None, Names()),
    ],
)
def test_of_a_rejected_record_what_can_be_read_is_told(value: bytes | None, names: Names) -> None:
    assert names_in(make_record(value)) == names


def test_a_rejected_record_says_why_and_nobody_is_told_of_one_without_names() -> None:
    code = FailureCode.UNPARSEABLE
    result = of_rejected(Names(7, "a", correlation_id="c"), code, "The record has wrong fields. op: is missing.", NOW)
    assert result is not None
    read = delivered(result)
    assert (read.kind, read.version, read.code, read.sentence) == (
        "rejected", None, "unparseable", "The record has wrong fields. op: is missing.",
    )  # fmt: skip
    assert of_rejected(Names(product_id="p"), code, "", NOW) is None


def test_the_results_of_an_image_share_a_key() -> None:
    assert record_key(Positioned(1, NOW, 7, b"\xff", "{}")) == b"7/\xff"
    assert record_key(Positioned(1, NOW, None, None, "{}")) is None


def test_without_a_public_address_there_is_none_in_the_result() -> None:
    row = accepted_row()
    (result,) = told(row, Stored(row, make_shown(row)))
    assert delivered(result, base=None).public_url is None


def test_names_come_back_whatever_they_are() -> None:
    row = accepted_row(product_id='ä"\\鞋\u2028')
    (result,) = told(row, Stored(row, make_shown(row)))
    assert "\n" not in body_of(result)
    assert json.loads(body_of(result))["product_id"] == row.product_id == delivered(result).product_id


def test_positions_rise_and_are_never_below_the_clock() -> None:
    assert first_position(0, NOW) == position_at(NOW) == 1_772_366_400_000_000
    assert first_position(position_at(NOW) + 5, NOW) == position_at(NOW) + 6


def test_every_failure_is_somebodys_fault() -> None:
    assert {fault_of(code) for code in FailureCode} == set(Fault)
