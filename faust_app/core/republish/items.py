"""One image of a republish: whether it is left out, and what became of it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.images.transitions.repair import Former
from faust_app.core.messages.positions import Offsets
from faust_app.core.monitoring.unfinished import UnfinishedState, classify_unfinished
from faust_app.core.republish.selection import Override

MAX_REPUBLISHES: Final = 3
"""Republishes since an image was last stored, after which one more is skipped: what did not help three times needs a person."""


class ItemStatus(StrEnum):
    """Where one image of a run stands. The first is open, `begun` is under way, all others are final."""

    PLANNED = "planned"  #: not begun
    BEGUN = "begun"  #: published again, without an outcome yet

    REPAIRED = "repaired"  #: stored
    FAILED_SAME = "failed_same_way"  #: failed with the code it had before
    FAILED_OTHERWISE = "failed_otherwise"  #: failed with another code
    STILL_GOOD = "still_good"  #: a good image whose second fetch failed: shown as before
    REPLACED = "replaced"  #: a newer request, or a deletion, took its place
    TAKEN_BACK = "taken_back"  #: the run was cancelled before the image had an outcome

    GOOD = "good"  #: skipped: fine today
    DONE_SINCE = "done_since"  #: skipped: stored since the plan was made
    NEWER_VERSION = "newer_version"  #: skipped: asked for again since the plan was made
    IN_FLIGHT = "in_flight"  #: skipped: queued, scheduled or being fetched
    DELETED = "deleted"  #: skipped: deleted
    ADDRESS_REFUSED = "address_refused"  #: skipped: its address is one we do not fetch from
    SIZE_REFUSED = "size_refused"  #: skipped: it was too large, and the limit is the same
    REPUBLISHED_OFTEN = "republished_often"  #: skipped: republished three times since it was last stored
    SHOP_PAUSED = "shop_paused"  #: skipped: its shop is paused


SKIPPED: Final = (
    ItemStatus.GOOD,
    ItemStatus.DONE_SINCE,
    ItemStatus.NEWER_VERSION,
    ItemStatus.IN_FLIGHT,
    ItemStatus.DELETED,
    ItemStatus.ADDRESS_REFUSED,
    ItemStatus.SIZE_REFUSED,
    ItemStatus.REPUBLISHED_OFTEN,
    ItemStatus.SHOP_PAUSED,
)
ENDED: Final = (
    ItemStatus.REPAIRED,
    ItemStatus.FAILED_SAME,
    ItemStatus.FAILED_OTHERWISE,
    ItemStatus.STILL_GOOD,
    ItemStatus.REPLACED,
    ItemStatus.TAKEN_BACK,
)
REACHED: Final = (ItemStatus.PLANNED, ItemStatus.BEGUN, *ENDED)
"""Images that a run publishes again, or has."""


@dataclass(frozen=True, slots=True)
class TodaysRules:
    """What would refuse an image today.

    Hosts (with a port of their own) that we do not fetch from, the limit of a file's bytes, and the shops that are paused.
    """

    refused_hosts: frozenset[str]
    max_bytes: int
    paused_shops: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Item:
    """One planned image: the version and state it had then, and after it was begun its new version and how its row stood before."""

    key: ImageKey
    version: int
    former_state: ImageState
    former_code: str | None = None
    new_version: int | None = None
    former: Former | None = None


def planned_as(
    row: ImageRow, offsets: Offsets, rules: TodaysRules, *, include_good: bool = False, overrides: Collection[Override] = ()
) -> ItemStatus:
    """Return what a plan makes of a selected row: PLANNED, or the first reason to skip it.

    The SQL of `adapters.mariadb.republish_plan` says the same of all rows at once, and a test holds the two together.
    """
    if row.state is ImageState.DELETED:
        return ItemStatus.DELETED
    if row.state is ImageState.DONE and not include_good:
        return ItemStatus.GOOD
    if row.state is ImageState.IN_PROGRESS and classify_unfinished(row, offsets) is not UnfinishedState.LOST:
        return ItemStatus.IN_FLIGHT
    if row.shop_no in rules.paused_shops:
        return ItemStatus.SHOP_PAUSED
    if row.source_host in rules.refused_hosts and Override.ADDRESS_REFUSED not in overrides:
        return ItemStatus.ADDRESS_REFUSED
    if is_size_refused(row.error_code, row.error_detail, rules.max_bytes) and Override.SIZE_REFUSED not in overrides:
        return ItemStatus.SIZE_REFUSED
    if row.republishes >= MAX_REPUBLISHES and Override.REPUBLISHED_OFTEN not in overrides:
        return ItemStatus.REPUBLISHED_OFTEN
    return ItemStatus.PLANNED


FIXED_LIMITS: Final = frozenset({FailureCode.TOO_MANY_PIXELS, FailureCode.SIDE_TOO_LONG, FailureCode.TOO_MANY_FRAMES})
"""Failures by limits that no setting changes."""
_FIRST_NUMBER: Final = re.compile(r"[0-9]+")


def is_size_refused(code: str | None, detail: str | None, max_bytes: int) -> bool:
    """Return whether an image that was too large would be so today, by the size that its failure names."""
    if code in FIXED_LIMITS:
        return True
    if code != FailureCode.TOO_LARGE:
        return False
    named = _FIRST_NUMBER.search(detail or "")
    return named is None or int(named[0]) >= max_bytes


def moved_on(current: ImageRow | None, item: Item, offsets: Offsets) -> ItemStatus | None:
    """Return why a planned image is skipped when its turn comes, by its locked row; None if it stands as it was planned."""
    if current is None or current.state is ImageState.DELETED:
        return ItemStatus.DELETED
    if current.version != item.version or current.state is not item.former_state:
        return ItemStatus.DONE_SINCE if current.state is ImageState.DONE else ItemStatus.NEWER_VERSION
    lost = current.state is ImageState.IN_PROGRESS and classify_unfinished(current, offsets) is UnfinishedState.LOST
    return ItemStatus.IN_FLIGHT if current.state is ImageState.IN_PROGRESS and not lost else None


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The state of the row of an image that was begun; `version` is None where the row is gone."""

    version: int | None
    state: ImageState | None
    code: str | None


def ended_as(item: Item, row: CurrentState) -> ItemStatus | None:
    """Return what became of an image that was begun; None while it is under way."""
    if row.version != item.new_version or row.state is ImageState.DELETED:
        return ItemStatus.REPLACED
    if row.state is ImageState.IN_PROGRESS:
        return None
    if row.state is ImageState.DONE:
        return ItemStatus.REPAIRED if row.code is None else ItemStatus.STILL_GOOD
    return ItemStatus.FAILED_SAME if row.code == item.former_code else ItemStatus.FAILED_OTHERWISE
