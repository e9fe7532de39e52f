"""Whether a republish stays within the shops of its sender."""

import pytest

from faust_app.core.republish.selection import ImageRef, Selection

SEVEN = ImageRef(shop_no=7, image_id="a")
EIGHT = ImageRef(shop_no=8, image_id="a")


@pytest.mark.parametrize(
    ("selection", "within"),
    [
        (Selection(), False),
        (Selection(codes=("not_found",)), False),
        (Selection(shops=(7,)), True),
        (Selection(shops=(7, 8)), False),
        (Selection(images=(SEVEN,)), True),
        (Selection(images=(SEVEN, EIGHT)), False),
        (Selection(shops=(7,), images=(SEVEN, EIGHT)), True),
        (Selection(shops=(8,), images=(SEVEN,)), False),
    ],
)
def test_a_selection_names_the_shops_it_may_reach(selection: Selection, *, within: bool) -> None:
    assert selection.is_within(frozenset({7})) is within
    assert selection.is_within(None)
