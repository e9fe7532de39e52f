"""What is left out of a log, by when equal lines were written."""

from faust_app.core.repeated_lines import RepeatedLines


def test_an_equal_line_is_written_once_a_minute_with_the_count_of_the_others() -> None:
    lines = RepeatedLines(60)
    told = [lines.left_out("no connection", now) for now in (0, 0.1, 30, 59.9, 60, 61, 120, 121, 500)]
    assert told == [0, None, None, None, 3, None, 1, None, 1]


def test_different_lines_do_not_hide_each_other() -> None:
    lines = RepeatedLines(60)
    assert [lines.left_out(f"node {node}", 0) for node in (1, 2, 1, 3)] == [0, 0, None, 0]


def test_the_line_written_longest_ago_is_forgotten_when_too_many_are_known() -> None:
    lines = RepeatedLines(60, most=2)
    assert [lines.left_out(line, now) for now, line in enumerate("aab")] == [0, None, 0]
    assert [lines.left_out(line, 10) for line in "cba"] == [0, None, 0], "b is still known, a is not"
