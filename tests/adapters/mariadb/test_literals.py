"""Values as SQL text: as the driver itself would write them, and texts so that their end depends on no SQL mode."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.converters import escape_item

from faust_app.adapters.mariadb.literals import MAX_TEXT, joined, with_literals


class Word(StrEnum):
    QUOTED = "it's"


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(),
    st.dates(),
)


@given(VALUES)
def test_a_value_is_written_as_the_driver_writes_it(value: object) -> None:
    if isinstance(value, Decimal):
        assert Decimal(with_literals("%s", [value])) == value
    else:
        assert with_literals("%s", [value]) == escape_item(value, "utf8mb4")


def read_back(sql: str, *, backslashes: bool) -> tuple[str, str]:
    """Return the text that a database reads at the beginning of the statement, and what it finds behind it."""
    assert sql.startswith("'")
    read, at = "", 1
    while True:
        pair = sql[at : at + 2]
        if pair == "''" or (backslashes and pair.startswith("\\")):
            read, at = read + pair[1], at + 2
        elif sql[at] == "'":
            return read, sql[at + 1 :]
        else:
            read, at = read + sql[at], at + 1


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        ("", "''"),
        ("plain", "'plain'"),
        ("it's", "'it''s'"),
        ("'", "''''"),
        ("''", "''''''"),
        ("\\", "'\\\\'"),
        ("\\'", "'\\\\'''"),
        ("'\\", "'''\\\\'"),
        ("\\'; DROP TABLE image; -- ", "'\\\\''; DROP TABLE image; -- '"),
        ('{"a": "\\n"}', '\'{"a": "\\\\n"}\''),
        ("\0\n\r\x1a;%s`/*#", "'\0\n\r\x1a;%s`/*#'"),
    ],
)
def test_a_text_has_its_quotes_and_backslashes_doubled_and_nothing_else(value: str, sql: str) -> None:
    assert with_literals("%s", [value]) == sql


@given(st.text(st.one_of(st.sampled_from("'\\;\n\"%\0n"), st.characters())))
def test_a_text_ends_at_its_end_in_either_sql_mode(value: str) -> None:
    sql = with_literals("%s; next", [value])
    assert read_back(sql, backslashes=True) == (value, "; next")
    assert read_back(sql, backslashes=False) == (value.replace("\\", "\\\\"), "; next")


@given(st.binary())
def test_bytes_are_written_in_hexadecimal(value: bytes) -> None:
    assert with_literals("%s", [value]) == f"x'{value.hex()}'"


def test_each_place_takes_its_parameter_in_order_and_percent_signs_are_doubled() -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 5)  # noqa: DTZ001 - UTC, as everywhere
    sql = with_literals("SELECT %s, %s, %s, %s LIKE 'a%%'", [1, "a'b", at, date(2026, 3, 1)])
    assert sql == "SELECT 1, 'a''b', '2026-03-01 12:00:00.000005', '2026-03-01' LIKE 'a%'"
    assert with_literals("%s", [Word.QUOTED]) == "'it''s'"


@pytest.mark.parametrize(("sql", "parameters"), [("%s", []), ("%s", [1, 2]), ("%s", [[1, 2]]), ("%s", [{"a": 1}]), ("%s", [object()])])
def test_a_parameter_too_many_or_too_few_and_one_that_no_column_holds_are_errors_of_ours(sql: str, parameters: list[object]) -> None:
    with pytest.raises(TypeError):
        with_literals(sql, parameters)


@pytest.mark.parametrize(
    ("lengths", "texts"),
    [
        ([], []),
        ([1], [[1]]),
        ([1, 2, 3], [[1, 2, 3]]),
        ([MAX_TEXT, 1], [[MAX_TEXT], [1]]),
        ([MAX_TEXT - 3, 1, 1], [[MAX_TEXT - 3, 1], [1]]),
        ([MAX_TEXT - 2, 1, 1], [[MAX_TEXT - 2], [1, 1]]),
        ([1, MAX_TEXT * 3, 1, 2], [[1], [MAX_TEXT * 3], [1, 2]]),
    ],
)
def test_statements_are_joined_in_order_up_to_the_length_of_a_text(lengths: list[int], texts: list[list[int]]) -> None:
    assert [[len(each) for each in text.split(";\n")] for text in joined(["x" * length for length in lengths])] == texts


@given(st.lists(st.integers(0, MAX_TEXT // 2), max_size=12))
def test_a_text_of_several_statements_is_at_most_a_mebibyte_in_utf_8(lengths: list[int]) -> None:
    longest = "\U0001f600"
    assert all(4 * len(text) <= 2**20 for text in joined([longest * length for length in lengths]))
