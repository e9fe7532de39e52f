"""The invariants of an image, checked against stored data and nothing else.

These rules are the oracle of every fault test: they share no code with what writes the rows.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from faust_app.core.images.row import ImageRow, ImageState

FINAL: Final = {"stored", "same_bytes", "not_modified", "deleted", "failed", "refetch_failed"}
SHOWING: Final = FINAL - {"failed"}
TAKEN_BACK: Final = "taken_back"
"""A republish that was cancelled: the row failed before, at an older version, and says so again."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that an image breaks; `key` is the object concerned, if there is one."""

    rule: str
    shop_no: int
    image_id: bytes
    detail: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything stored about one image: its row, its outcomes in order, its objects, garbage entries and dead letters."""

    row: ImageRow
    outcomes: Sequence[tuple[int, str]]
    keys: Collection[str]
    in_garbage: Collection[str]
    """Keys, and prefixes that end with a slash, that are listed for collection."""
    dead_lettered: Collection[int]
    """Versions with a dead letter."""


def violations(evidence: Evidence) -> Iterator[Violation]:
    """Yield every violation of a rule."""
    for rule, check in _RULES.items():
        for detail, key in check(evidence):
            yield Violation(rule, evidence.row.shop_no, evidence.row.image_id, detail, key)


Found = Iterator[tuple[str, str | None]]


def _versions_rise(evidence: Evidence) -> Found:
    last = 0
    for version, outcome in evidence.outcomes:
        if outcome in FINAL and version <= last:
            yield f"version {version} has an outcome after version {last}", None
        if outcome in FINAL:
            last = max(last, version)
    if evidence.row.version < last:
        yield f"the row is at version {evidence.row.version}, its history at {last}", None


def _shown_is_not_newer(evidence: Evidence) -> Found:
    row = evidence.row
    if row.shown_version > row.version:
        yield f"shown version {row.shown_version} is above version {row.version}", None


def _done_is_shown(evidence: Evidence) -> Found:
    row = evidence.row
    if row.state is not ImageState.DONE:
        return
    if row.shown is None or row.shown_version != row.version:
        yield f"done at version {row.version}, shown is {row.shown_version}", None
    if row.scheduled_at is not None or row.position is not None or row.open_since is not None:
        yield "done, but still scheduled, queued or open", None


def _deleted_is_gone(evidence: Evidence) -> Found:
    row = evidence.row
    if row.state is not ImageState.DELETED:
        return
    if row.shown is not None:
        yield "deleted, but still shown", row.shown.object_key
    for key in evidence.keys:
        if not _waits_for_collection(key, evidence.in_garbage):
            yield "deleted, but its object remains", key


def _shown_never_goes_back(evidence: Evidence) -> Found:
    shown = 0
    for version, outcome in evidence.outcomes:
        if outcome in SHOWING:
            if version < shown:
                yield f"version {version} was shown after {shown}", None
            shown = max(shown, version)
    if evidence.outcomes and evidence.row.shown_version < shown:
        yield f"shown version {evidence.row.shown_version} is below {shown}, which was shown before", None


def _shown_object_exists(evidence: Evidence) -> Found:
    shown = evidence.row.shown
    if shown is not None and shown.object_key not in evidence.keys:
        yield "the shown object does not exist", shown.object_key


def _unfinished_waits_for_something(evidence: Evidence) -> Found:
    row = evidence.row
    if row.state is ImageState.IN_PROGRESS and row.scheduled_at is None and row.position is None:
        yield "in progress with neither a time nor a position", None
    if row.state is ImageState.IN_PROGRESS and row.open_since is None:
        yield "in progress, but without a time since when", None


def _failed_has_a_dead_letter(evidence: Evidence) -> Found:
    row = evidence.row
    restored = (row.version, TAKEN_BACK) in evidence.outcomes and bool(evidence.dead_lettered)
    if row.state is ImageState.FAILED and row.version not in evidence.dead_lettered and not restored:
        yield f"failed without a dead letter for version {row.version}", None


def _waits_for_collection(key: str, in_garbage: Collection[str]) -> bool:
    return key in in_garbage or any(target.endswith("/") and key.startswith(target) for target in in_garbage)


_RULES: Final = {
    "I1 versions never decrease, and each has one outcome": _versions_rise,
    "I2 the shown version is not above the wanted one": _shown_is_not_newer,
    "I3 a done image is shown": _done_is_shown,
    "I4 a deleted image has no object": _deleted_is_gone,
    "I5 the shown version never decreases": _shown_never_goes_back,
    "I6 the shown object exists": _shown_object_exists,
    "I7 an unfinished image has a time or a position": _unfinished_waits_for_something,
    "I8 a failed image has a dead letter": _failed_has_a_dead_letter,
}
