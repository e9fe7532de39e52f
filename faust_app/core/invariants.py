"""What must always be true of an image, told from what is stored and from nothing else.

These rules are the oracle of every fault test: they share no code with what writes the rows.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from faust_app.core.image import ImageRow, ImageState

FINAL: Final = {"stored", "same_bytes", "not_modified", "deleted", "failed"}
SHOWING: Final = FINAL - {"failed"}


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that does not hold for an image; `key` is the object concerned, where one is."""

    rule: str
    shop_no: int
    image_id: bytes
    detail: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything stored of one image: its row, its outcomes in order, its objects, and what is known to be collected."""

    row: ImageRow
    outcomes: Sequence[tuple[int, str]]
    keys: Collection[str]
    in_garbage: Collection[str]
    """Keys, and prefixes that end with a slash, that wait to be collected."""
    dead_lettered: Collection[int]
    """Versions with a dead letter."""


def violations(evidence: Evidence) -> Iterator[Violation]:
    """Yield every rule that does not hold."""
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
    if row.wake_at is not None or row.position is not None or row.open_since is not None:
        yield "done, and still waits for something", None


def _deleted_is_gone(evidence: Evidence) -> Found:
    row = evidence.row
    if row.state is not ImageState.DELETED:
        return
    if row.shown is not None:
        yield "deleted, and still shown", row.shown.object_key
    for key in evidence.keys:
        if not _waits_for_collection(key, evidence.in_garbage):
            yield "deleted, and its object is left", key


def _shown_never_goes_back(evidence: Evidence) -> Found:
    shown = 0
    for version, outcome in evidence.outcomes:
        if outcome in SHOWING:
            if version < shown:
                yield f"version {version} was shown after {shown}", None
            shown = max(shown, version)
    if evidence.outcomes and evidence.row.shown_version < shown:
        yield f"shown version {evidence.row.shown_version} is below {shown}, which was shown", None


def _shown_object_exists(evidence: Evidence) -> Found:
    shown = evidence.row.shown
    if shown is not None and shown.object_key not in evidence.keys:
        yield "the object that is shown does not exist", shown.object_key


def _unfinished_waits_for_something(evidence: Evidence) -> Found:
    row = evidence.row
    if row.state is ImageState.IN_PROGRESS and row.wake_at is None and row.position is None:
        yield "in progress with neither a time nor a position", None
    if row.state is ImageState.IN_PROGRESS and row.open_since is None:
        yield "in progress, and nobody knows since when", None


def _failed_has_a_dead_letter(evidence: Evidence) -> Found:
    row = evidence.row
    if row.state is ImageState.FAILED and row.version not in evidence.dead_lettered:
        yield f"failed without a dead letter of version {row.version}", None


def _waits_for_collection(key: str, in_garbage: Collection[str]) -> bool:
    return key in in_garbage or any(target.endswith("/") and key.startswith(target) for target in in_garbage)


_RULES: Final = {
    "I1 a version never falls and has one outcome": _versions_rise,
    "I2 what is shown is not newer than what is wanted": _shown_is_not_newer,
    "I3 done means shown": _done_is_shown,
    "I4 deleted means gone": _deleted_is_gone,
    "I5 what is shown never goes back": _shown_never_goes_back,
    "I6 what is shown exists": _shown_object_exists,
    "I7 what is unfinished waits for something": _unfinished_waits_for_something,
    "I8 a failed image has a dead letter": _failed_has_a_dead_letter,
}
