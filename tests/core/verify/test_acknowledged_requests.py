"""What a ledger says must be shown, and what is no ledger."""

import json
from dataclasses import replace
from typing import Any

import pytest

from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.verify.acknowledged_requests import LedgerError, ledger_violations, read_ledger
from tests.factories import SOURCE, accepted_row, done_row

HEAD = {"ledger": 1, "installation": "p."}
DONE = done_row(version=10)
DELETED = replace(DONE, state=ImageState.DELETED, version=11, shown_version=11, shown=None)


def entry(*, acknowledged: bool = True, url: str | None = SOURCE, version: int | None = None) -> dict[str, Any]:
    op = "delete" if url is None else "update"
    return {"shop_no": 7, "image_id": "a", "op": op, "source_url": url, "acknowledged": acknowledged, "version": version}


def kept(row: ImageRow | None, *entries: dict[str, Any]) -> bool:
    requests = read_ledger([json.dumps(line) for line in (HEAD, *entries)], "p.")
    return not list(ledger_violations(requests, {} if row is None else {row.key: row}))


@pytest.mark.parametrize(
    ("row", "entries", "fits"),
    [
        (DONE, [entry()], True),
        (DONE, [entry(version=10)], True),
        (DONE, [entry(version=9)], False),
        (DONE, [entry(version=9) | {"unchanged": True}], True),  # asked for again while it was fetched: the row began anew
        (DONE, [entry(version=11) | {"unchanged": True}], False),
        (DONE, [entry(version=11)], False),
        (DONE, [entry(url=None), entry()], True),
        (DONE, [entry(), entry(url=None)], False),
        (DELETED, [entry(), entry(url=None)], True),
        (DONE, [entry(), entry(url=None, acknowledged=False)], True),
        (DELETED, [entry(), entry(url=None, acknowledged=False)], True),
        (DELETED, [entry(acknowledged=False), entry()], False),
        (accepted_row(), [entry()], False),
        (replace(DONE, state=ImageState.FAILED), [entry()], True),
        (replace(DONE, state=ImageState.FAILED, source_url="http://other.test/"), [entry()], False),
        (None, [entry()], False),
        (None, [entry(acknowledged=False)], True),
    ],
)
def test_the_last_acknowledged_request_or_a_later_one_must_be_shown(
    row: ImageRow | None,
    entries: list[dict[str, Any]],
    fits: bool,  # noqa: FBT001 - a column
) -> None:
    assert kept(row, *entries) is fits


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "contains no image"),
        ([json.dumps(HEAD)], "contains no image"),
        (["{}"], "line 1 is not the header of a ledger"),
        (["[]"], "line 1 is not the header of a ledger"),
        (["not json"], "line 1 is not an entry of a ledger"),
        ([json.dumps({**HEAD, "installation": "q."})], "to another installation: q., not p."),
        ([json.dumps(HEAD), "{}"], "line 2 is not an entry of a ledger"),
        ([json.dumps(HEAD), json.dumps(entry()), '{"shop_no": "x", "image_id": "a"}'], "line 3 is not an entry of a ledger"),
    ],
)
def test_what_is_no_ledger_of_this_installation_is_told_in_one_line(lines: list[str], says: str) -> None:
    with pytest.raises(LedgerError, match=says):
        read_ledger(lines, "p.")
