"""Roles, shops and the ends of a session."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.operators.access import ABSOLUTE, IDLE, SCOPES, SEEN_EVERY, Role, Sender, Session, is_over, is_stale, shops_text
from tests.factories import NOW


def session(*, age: timedelta, idle: timedelta, revoked: bool = False) -> Session:
    return Session(1, "anna", NOW - age, NOW - idle, None, "", NOW if revoked else None)


def test_each_role_includes_the_ones_before_it() -> None:
    assert Role.VIEW.scopes < Role.OPERATE.scopes < Role.ADMIN.scopes < SCOPES
    assert not any("intake" in role.scopes for role in Role)


@pytest.mark.parametrize(
    ("age", "idle", "revoked", "over"),
    [
        (timedelta(0), timedelta(0), False, False),
        (timedelta(0), timedelta(0), True, True),
        (IDLE, IDLE, False, True),
        (IDLE, IDLE - timedelta(seconds=1), False, False),
        (ABSOLUTE - timedelta(seconds=1), timedelta(0), False, False),
        (ABSOLUTE, timedelta(0), False, True),
    ],
)
def test_a_session_ends_when_idle_when_old_and_when_revoked(*, age: timedelta, idle: timedelta, revoked: bool, over: bool) -> None:
    assert is_over(session(age=age, idle=idle, revoked=revoked), NOW) is over


def test_a_session_is_written_at_most_once_a_minute() -> None:
    assert not is_stale(session(age=IDLE, idle=SEEN_EVERY - timedelta(seconds=1)), NOW)
    assert is_stale(session(age=IDLE, idle=SEEN_EVERY), NOW)


@given(st.sets(st.integers(1, 2**53 - 1)), st.integers(1, 2**53 - 1))
def test_a_limited_sender_reaches_exactly_its_shops(shops: set[int], shop_no: int) -> None:
    assert Sender("a", frozenset(), frozenset(shops)).reaches(shop_no) == (shop_no in shops)
    assert Sender("a", frozenset(), None).reaches(shop_no)


def test_shops_are_told_in_words() -> None:
    assert [shops_text(shops) for shops in (None, frozenset(), frozenset({7}), frozenset({8, 7}))] == [
        "all shops", "no shop", "shop 7", "shops 7, 8",
    ]  # fmt: skip
