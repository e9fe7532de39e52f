"""The oracle: what is well passes, and each broken promise is named."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import Op
from faust_app.core.messages.positions import Position
from faust_app.core.verify.invariants import Evidence, violations
from tests.factories import accepted_row, done_row

DONE = done_row(version=10)
assert DONE.shown is not None
KEY = DONE.shown.object_key
FOLDER = KEY.rpartition("/")[0] + "/"
DELETED = replace(DONE, op=Op.DELETE, state=ImageState.DELETED, version=11, shown_version=11, shown=None)
FAILED = replace(DONE, state=ImageState.FAILED, version=11)


def broken(
    row: ImageRow,
    outcomes: Sequence[tuple[int, str]] = (),
    keys: Collection[str] = (KEY,),
    in_garbage: Collection[str] = (),
    dead: Collection[int] = (),
) -> list[str]:
    return sorted({violation.rule[:2] for violation in violations(Evidence(row, outcomes, keys, in_garbage, dead))})


@pytest.mark.parametrize(
    ("row", "outcomes", "keys", "in_garbage", "dead"),
    [
        (DONE, [(10, "stored")], [KEY], [], []),
        (DONE, [(9, "failed"), (10, "retry"), (10, "retry"), (10, "stored")], [KEY, "another"], [], []),
        (DELETED, [(10, "stored"), (11, "deleted")], [], [], []),
        (DELETED, [(10, "stored"), (11, "deleted")], [KEY], [FOLDER], []),
        (FAILED, [(10, "stored"), (11, "failed")], [KEY], [], [11]),
        (accepted_row(), [], [], [], []),
        (accepted_row(scheduled_at=None, position=Position("bulk", 0, 1)), [], [], [], []),
    ],
)
def test_what_keeps_every_promise_is_not_reported(
    row: ImageRow, outcomes: Sequence[tuple[int, str]], keys: Collection[str], in_garbage: Collection[str], dead: Collection[int]
) -> None:
    assert broken(row, outcomes, keys, in_garbage, dead) == []


@pytest.mark.parametrize(
    ("rules", "evidence"),
    [
        (["I1"], (DONE, [(10, "stored"), (10, "same_bytes")])),
        (["I1", "I5"], (DONE, [(11, "stored"), (10, "stored")])),
        (["I1"], (DONE, [(11, "failed")])),
        (["I2"], (replace(accepted_row(version=9), shown_version=10, shown=DONE.shown),)),
        (["I3"], (replace(DONE, version=11),)),
        (["I3"], (replace(DONE, scheduled_at=DONE.requested_at),)),
        (["I4", "I6"], (replace(DELETED, shown=DONE.shown), (), ())),
        (["I4"], (DELETED, [(11, "deleted")], [KEY])),
        (["I4"], (DELETED, [(11, "deleted")], [KEY], ["some other key"])),
        (["I5"], (replace(accepted_row(version=12), shown_version=9, shown=DONE.shown), [(10, "stored")])),
        (["I6"], (DONE, [(10, "stored")], ())),
        (["I6"], (replace(FAILED, version=10), (), (), (), [10])),
        (["I7"], (accepted_row(scheduled_at=None),)),
        (["I7"], (accepted_row(open_since=None),)),
        (["I8"], (FAILED, (), [KEY], (), [10])),
    ],
)
def test_a_broken_promise_is_named(rules: list[str], evidence: tuple[ImageRow]) -> None:
    assert broken(*evidence) == rules
