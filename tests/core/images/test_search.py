"""What a text in the search box may mean."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.images.search import SearchTerms, search_terms

URL_OF_OBJECT = "https://cdn.test/x/shops/7/ab/5-cd.jpg?v=1"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("7", SearchTerms(shop_no=7, any_id="7")),
        (" shop 7 ", SearchTerms(shop_no=7, any_id="shop 7")),
        ("shoe-1", SearchTerms(any_id="shoe-1")),
        ("7:shoe-1", SearchTerms(image=(7, b"shoe-1"), any_id="7:shoe-1")),
        ("7/a/b", SearchTerms(image=(7, b"a/b"), any_id="7/a/b")),
        ("https://h.test/a.jpg", SearchTerms(source_url="https://h.test/a.jpg")),
        ("shops/7/ab/5-cd.jpg", SearchTerms(any_id="shops/7/ab/5-cd.jpg", object_key="shops/7/ab/5-cd.jpg")),
        (URL_OF_OBJECT, SearchTerms(source_url=URL_OF_OBJECT, object_key="shops/7/ab/5-cd.jpg")),
        ("myshops/7", SearchTerms(any_id="myshops/7")),
        ("99999999999999999", SearchTerms(any_id="99999999999999999")),
        ("x" * 65, SearchTerms()),
        ("a\x00b", SearchTerms()),
        ("", SearchTerms()),
    ],
)  # fmt: skip
def test_a_text_may_be_a_shop_an_image_an_id_a_key_or_an_address(text: str, terms: SearchTerms) -> None:
    assert replace(search_terms(text), label=None) == terms


@pytest.mark.parametrize(
    ("text", "label"), [(" Red shoe ", "Red shoe"), ("7", "7"), ("x" * 200, "x" * 200), ("ä" * 101, None), ("a\nb", None)]
)
def test_a_text_may_be_the_name_or_sku_of_a_product(text: str, label: str | None) -> None:
    assert search_terms(text).label == label


@given(st.text(max_size=200))
def test_any_text_is_understood_or_finds_nothing(text: str) -> None:
    terms = search_terms(text)
    assert terms.any_id is None or 1 <= len(terms.any_id.encode("utf-8", "replace")) <= 64
