"""What a spreadsheet finds in a cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.spreadsheet import cell
from tests.factories import NOW


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =cmd|' /C calc'!A0"])
def test_foreign_text_that_begins_like_a_formula_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell(text.encode()) == f"'{text}"


@given(st.text())
def test_no_text_begins_like_a_formula(text: str) -> None:
    assert not cell(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""), (-1, "-1"), (1.5, "1.5"), (True, "yes"), (False, "no"), ("plain", "plain"), (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (NOW, "2026-03-01T12:00:00Z"),
    ],
)  # fmt: skip
def test_numbers_times_and_plain_text_stay_what_they_are(value: object, expected: str) -> None:
    assert cell(value) == expected
