"""What is known of partitions when their offsets and ends are read one after the other."""

from faust_app.core.messages.positions import PartitionOffsets, with_ends


def test_a_partition_that_was_added_in_between_has_been_consumed_nowhere() -> None:
    before = {("bulk", 0): PartitionOffsets(5, 2)}
    assert with_ends(before, {("bulk", 0): 9, ("bulk", 1): 3}) == {
        ("bulk", 0): PartitionOffsets(5, 2, 9),
        ("bulk", 1): PartitionOffsets(None, 0, 3),
    }


def test_a_partition_without_an_end_keeps_what_is_known_of_it() -> None:
    assert with_ends({("bulk", 0): PartitionOffsets(None, 2)}, {}) == {("bulk", 0): PartitionOffsets(None, 2)}
