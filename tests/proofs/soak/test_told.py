"""The oracle of results finds what is missing and what contradicts."""

from typing import Any

import pytest

from tests.proofs.soak.told import compare

A = (7, "a")
ROWS = {A: ("DONE", 2), (7, "b"): ("IN_PROGRESS", 1)}
HISTORY = [(A, 1, "stored"), (A, 1, "superseded"), (A, 2, "not_modified")]


def record(kind: str, version: int, position: int) -> dict[str, Any]:
    return {"kind": kind, "shop_no": 7, "image_id": "a", "version": version, "position": position}


STORED, KEPT = record("stored", 1, 10), record("unchanged", 2, 11)


@pytest.mark.parametrize(
    ("records", "missing", "contradicting", "late"),
    [
        ([STORED, record("superseded", 1, 9), KEPT], 0, 0, 0),
        ([STORED, KEPT, STORED, KEPT], 0, 0, 0),
        ([STORED, KEPT, STORED], 0, 0, 1),
        ([KEPT], 1, 0, 0),
        ([STORED], 1, 1, 0),
        ([], 3, 0, 0),
        ([STORED, record("failed", 2, 11)], 0, 2, 0),
        ([STORED, KEPT, record("deleted", 3, 12)], 0, 2, 0),
        ([record("unchanged", 2, 10), STORED | {"position": 11}, KEPT | {"position": 12}], 0, 1, 0),
    ],
)
def test_what_is_missing_wrong_or_late_is_found(records: list[dict[str, Any]], missing: int, contradicting: int, late: int) -> None:
    told = compare(ROWS, HISTORY, records)
    assert (len(told.missing), len(told.contradicting), len(told.out_of_order)) == (missing, contradicting, late)
