"""Which names and passwords an account may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.operators.password_rules import MAX_PASSWORD, MIN_PASSWORD, name_problem, normalised, password_problem

SENTENCES = {
    password_problem(password, "anna")
    for password in ("", "x" * 300, "a\x00bcdefghijklm", "aaaaaaaaaaaaaa", "my-anna-password", "password12345")
}


@pytest.mark.parametrize("name", ["a", "anna", "anna.b@example.org", "x-1_2+3", "7even", "a" * 64])
def test_a_name_is_short_and_plain(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize("name", ["", "Anna", "-x", ".x", "a b", "a\n", "ä", "a" * 65, "a/b", "<b>", "a'--"])
def test_a_name_with_anything_else_is_refused(name: str) -> None:
    assert "must be 1 to 64" in (name_problem(name) or "")


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("correct horse battery", None),
        ("Grüße aus Köln, 7 Mal", None),
        ("パスワードは長いほうがよいです", None),
        ("short", "at least 12"),
        ("x" * 201, "at most 200"),
        ("aaaaaaaaaaaaa", "different characters"),
        ("abababababab", "different characters"),
        ("with\x00zero bytes", "control characters"),
        ("my-anna-password", "the name of the account"),
        ("ANNA and her horse", "the name of the account"),
        ("Password1234", "one of the first"),
        ("administrator", "one of the first"),
        ("passwords are for the birds", None),
    ],
)
def test_a_password_is_long_varied_and_not_the_first_guess(password: str, told: str | None) -> None:
    problem = password_problem(password, "anna")
    assert problem is None if told is None else told in (problem or "")


@given(st.text(max_size=MAX_PASSWORD + 20))
def test_a_refusal_is_a_sentence_without_the_password(password: str) -> None:
    problem = password_problem(password, "anna")
    assert problem is None or problem in SENTENCES
    assert MIN_PASSWORD <= len(password) <= MAX_PASSWORD or problem is not None


def test_two_ways_to_encode_a_letter_are_one_password() -> None:
    assert normalised("e\u0301") == normalised("\u00e9")
