"""How an image of a file stands, by its row."""

from dataclasses import replace

import pytest

from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.imports.catalogue import CatalogueItem, LineProblem
from faust_app.core.imports.comparison import Compared, compare
from faust_app.core.messages.events import Op
from tests.factories import NOW, accepted_row, done_row, make_request

URL = "http://source.test/a.jpg"
WAITING = replace(accepted_row(7, b"a"), source_url=URL)
DONE = replace(done_row(7, b"a"), source_url=URL)
FAILED = replace(WAITING, state=ImageState.FAILED, error_code="empty", scheduled_at=None)


def standing(row: ImageRow | None, op: Op = Op.REGISTER) -> tuple[Compared, str | None]:
    asked = make_request(7, "a", source_url=URL) if op is not Op.DELETE else make_request(7, "a", op=op, source_url=None)
    rows = {} if row is None else {row.key: row}
    image = compare(CatalogueItem(3, 30, asked), rows)
    assert image.line == 3
    return image.standing, image.reason


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (None, Compared.NEVER_RECEIVED),
        (replace(WAITING, version=0), Compared.NEVER_RECEIVED),
        (DONE, Compared.SHOWN),
        (WAITING, Compared.UNDER_WAY),
        (FAILED, Compared.FAILED),
        (replace(FAILED, shown=DONE.shown), Compared.OLD_SHOWN),
        (replace(DONE, state=ImageState.DELETED, op=Op.DELETE, shown=None), Compared.DELETED),
        (replace(DONE, source_url="http://source.test/other.jpg"), Compared.OLD_SHOWN),
        (replace(WAITING, source_url="http://source.test/other.jpg"), Compared.NEVER_RECEIVED),
        (replace(WAITING, op=Op.DELETE, source_url=None, shown=DONE.shown), Compared.OLD_SHOWN),
    ],
)
def test_an_image_of_the_file_stands_by_what_its_row_wants_and_shows(row: ImageRow | None, expected: Compared) -> None:
    assert standing(row)[0] is expected


def test_a_failure_is_told_with_its_reason_and_an_image_under_way_with_its_time() -> None:
    assert "empty" in str(standing(FAILED)[1])
    asked = CatalogueItem(1, 1, make_request(7, "a", source_url=URL))
    assert compare(asked, {WAITING.key: replace(WAITING, scheduled_at=NOW)}).at == NOW


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (None, Compared.DELETED),
        (replace(DONE, state=ImageState.DELETED, op=Op.DELETE, shown=None), Compared.DELETED),
        (replace(WAITING, op=Op.DELETE, source_url=None), Compared.UNDER_WAY),
        (DONE, Compared.OLD_SHOWN),
        (WAITING, Compared.NEVER_RECEIVED),
    ],
)
def test_a_deletion_of_the_file_stands_by_whether_anything_is_shown(row: ImageRow | None, expected: Compared) -> None:
    assert standing(row, Op.DELETE)[0] is expected


def test_a_line_that_cannot_be_used_is_rejected_with_its_reason() -> None:
    image = compare(LineProblem(9, "SKU", "is missing"), {})
    assert (image.line, image.standing, image.reason, image.image_id) == (9, Compared.REJECTED, "SKU: is missing", None)
