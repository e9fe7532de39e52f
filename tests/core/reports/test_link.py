"""Links of shops: the vector that the recipes are held to, and everything that must open nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.reports.link import ALL_RIGHTS, LASTS, ONLY_VIEW, LinkProblem, ReportLink, read_link, rights_of, rights_text, signed

SECRET = "0123456789abcdef0123456789abcdef"
VECTOR = ReportLink(7, ALL_RIGHTS, 1_790_000_000, "c2hvcC1pbWFnZXMtMQ")
SIGNED = "7.view,retry.1790000000.c2hvcC1pbWFnZXMtMQ.d0f0db6e4346545fb2a04a6b5f8d47477b25f0680167ee2062b1d5e35412cc83"
END = datetime.fromtimestamp(VECTOR.ends_at, UTC).replace(tzinfo=None)
NOW = END - timedelta(minutes=2)


def test_a_link_is_signed_as_the_recipes_sign_it() -> None:
    assert signed(VECTOR, SECRET) == SIGNED


@given(
    st.integers(1, 2**53 - 1), st.sampled_from([ONLY_VIEW, ALL_RIGHTS]), st.text("ABCxyz019_-", min_size=16, max_size=64),
    st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()),
)  # fmt: skip
def test_what_is_signed_is_read_back(shop_no: int, rights: frozenset, nonce: str, secret: str) -> None:  # type: ignore[type-arg]
    link = ReportLink(shop_no, rights, VECTOR.ends_at, nonce)
    assert read_link(signed(link, secret), secret, NOW) == link
    assert read_link(signed(link, secret), secret + "x", NOW) is LinkProblem.INVALID


@pytest.mark.parametrize(
    "forged",
    [
        "", "x", SIGNED + "0", SIGNED[:-1] + "f", SIGNED.upper(), " " + SIGNED, SIGNED + "\n", SIGNED.replace("7.", "8.", 1),
        SIGNED.replace("view,retry", "view"), SIGNED.replace("1790000000", "1790000060"), SIGNED.replace("c2hv", "c2hw"),
        SIGNED.replace("7.", "07.", 1), SIGNED.replace("7.", "7.0.", 1), SIGNED.replace("view,retry", "retry,view"), "\u0667" + SIGNED[1:],
        SIGNED.replace("view,retry", "retry"), SIGNED.replace("view,retry", ""), "7" * 300, SIGNED.rpartition(".")[0] + ".",
        "7.view.1790000000.' OR 1=1 --." + "0" * 64, "99999999999999999" + SIGNED[1:],
    ],
)  # fmt: skip
def test_a_link_that_was_changed_opens_nothing(forged: str) -> None:
    assert read_link(forged, SECRET, NOW) is LinkProblem.INVALID


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        (END - timedelta(microseconds=1), None),
        (END, LinkProblem.EXPIRED),
        (END + timedelta(days=1), LinkProblem.EXPIRED),
        (END - LASTS, None),
        (END - LASTS - timedelta(microseconds=1), LinkProblem.TOO_LONG),
    ],
)
def test_a_link_opens_until_its_end_and_never_longer_than_five_minutes(at: datetime, problem: LinkProblem | None) -> None:
    assert read_link(SIGNED, SECRET, at) == (problem or VECTOR)


def test_links_that_differ_in_anything_have_uses_of_their_own() -> None:
    others = [replace(VECTOR, shop_no=8), replace(VECTOR, rights=ONLY_VIEW), replace(VECTOR, nonce="d2hvcC1pbWFnZXMtMQ")]
    assert len({VECTOR.use, *(other.use for other in others)}) == 4
    assert replace(VECTOR).use == VECTOR.use


def test_rights_are_written_in_one_order() -> None:
    assert (rights_text(ALL_RIGHTS), rights_text(ONLY_VIEW)) == ("view,retry", "view")
    assert rights_of("retry,view,admin") == ALL_RIGHTS
