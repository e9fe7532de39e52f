"""Cursors of the feed: what one installation makes, it reads, and nothing else."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.results.cursor import CHARACTERS, CursorProblem, cursor_of, read_cursor

HERE, THERE = "a" * 32, "b" * 32
POSITIONS = st.integers(0, 2**63 - 1)


@given(POSITIONS)
def test_a_cursor_is_read_as_the_position_that_it_was_made_of(position: int) -> None:
    cursor = cursor_of(position, HERE)
    assert read_cursor(cursor, HERE) == position
    assert len(cursor) == CHARACTERS
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(POSITIONS)
def test_a_cursor_of_another_installation_is_told_from_a_changed_one(position: int) -> None:
    assert read_cursor(cursor_of(position, THERE), HERE) is CursorProblem.FOREIGN


@given(POSITIONS, st.integers(0, CHARACTERS - 1), st.sampled_from("AaZz09-_"))
def test_a_cursor_with_a_changed_character_is_invalid(position: int, place: int, letter: str) -> None:
    cursor = cursor_of(position, HERE)
    changed = cursor[:place] + letter + cursor[place + 1 :]
    assert read_cursor(changed, HERE) == (position if changed == cursor else CursorProblem.INVALID)


@given(st.text(max_size=40))
def test_any_other_text_is_invalid(text: str) -> None:
    assert read_cursor(text, HERE) is CursorProblem.INVALID


@pytest.mark.parametrize("length", [0, 1, CHARACTERS - 1, CHARACTERS + 1, 4000])
def test_a_text_of_another_length_is_invalid(length: int) -> None:
    assert read_cursor("A" * length, HERE) is CursorProblem.INVALID


def test_whoever_does_not_know_the_installation_makes_no_cursor() -> None:
    true = base64.urlsafe_b64decode(cursor_of(5, HERE))
    forged = true[:5] + (6).to_bytes(8, "big") + true[13:21]
    text = base64.urlsafe_b64encode(forged + hashlib.sha256(forged).digest()[:3]).decode()
    assert read_cursor(text, HERE) is CursorProblem.INVALID


def test_a_cursor_of_another_format_is_invalid() -> None:
    made = b"\x02" + base64.urlsafe_b64decode(cursor_of(5, HERE))[1:21]
    text = base64.urlsafe_b64encode(made + hashlib.sha256(made).digest()[:3]).decode()
    assert read_cursor(text, HERE) is CursorProblem.INVALID
