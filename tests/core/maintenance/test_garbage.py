"""When the collector may delete."""

import pytest

from faust_app.core.images.objects import folder, folder_of, object_key
from faust_app.core.maintenance.garbage import COUNTER, LEAST_TO_STOP, CollectorState, most_of_a_pass, passes_in_bucket, went_back
from tests.factories import done_row


@pytest.mark.parametrize(
    ("names", "passes"),
    [
        ([], 0),
        (["0"], 0),
        (["17"], 17),
        (["9", "10", "2"], 10),
        ([""], None),
        (["-1"], None),
        (["3", "x"], None),
        (["9" * 19], None),
        (["²"], None),
    ],
    ids=repr,
)
def test_the_newest_key_of_the_counter_is_the_passes_and_a_strange_one_stops_everything(names: list[str], passes: int | None) -> None:
    assert passes_in_bucket([f"{COUNTER}{name}" for name in names]) == passes


@pytest.mark.parametrize(
    ("database", "bucket", "back"),
    [(0, 0, False), (5, 5, False), (5, 4, False), (5, 0, False), (5, 6, True), (0, None, True)],
)
def test_only_a_bucket_that_is_ahead_tells_of_a_database_that_went_back(database: int, bucket: int | None, back: bool) -> None:  # noqa: FBT001
    assert (went_back(CollectorState(database), bucket) is not None) is back


@pytest.mark.parametrize(("images", "most"), [(0, LEAST_TO_STOP), (100_000, LEAST_TO_STOP), (1_000_000, 10_000)])
def test_a_pass_may_have_one_percent_of_the_images(images: int, most: int) -> None:
    assert most_of_a_pass(images) == most


def test_an_object_key_tells_its_images_folder() -> None:
    row = done_row()
    assert folder_of(object_key(*row.key, 10, "a" * 64, "jpg")) == folder(row)


@pytest.mark.parametrize("key", ["", "shops", "shops/7/abc", "shops/x/abc/1-a.jpg", "other/7/abc/1-a.jpg", "shops/7/abc/1/a.jpg"])
def test_a_key_we_did_not_make_has_no_folder(key: str) -> None:
    assert folder_of(key) is None
