"""What a step of a run writes: the rows it begins or takes back, and what its items become."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from faust_app.core.images.changes import Changes
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.images.transitions.repair import Former, republished, taken_back
from faust_app.core.images.transitions.told import of_restored
from faust_app.core.messages.positions import Offsets
from faust_app.core.republish.items import CurrentState, Item, ItemStatus, ended_as, moved_on


@dataclass(frozen=True, slots=True)
class Ended:
    """An item with its next status; `code` is that of the failure it ended with."""

    item: Item
    status: ItemStatus
    code: str | None = None


@dataclass(slots=True)
class Step:
    """Rows and items that are written in one transaction."""

    changes: Changes = field(default_factory=Changes)
    items: list[Ended] = field(default_factory=list)


def begin(
    items: Sequence[Item], rows: Mapping[ImageKey, ImageRow], offsets: Offsets, now: datetime, *, paused_shops: Collection[int] = ()
) -> Step:
    """Publish planned images again, by their locked rows; one that moved on since the plan is skipped, as is one of a paused shop."""
    step = Step()
    for item in items:
        current = rows.get(item.key)
        skipped = moved_on(current, item, offsets)
        if skipped is None and item.key[0] in paused_shops:
            skipped = ItemStatus.SHOP_PAUSED
        if skipped is not None or current is None:
            step.items.append(Ended(item, skipped or ItemStatus.DELETED))
            continue
        row = republished(current, now)
        step.changes.accepted.append(row)
        step.changes.history.append(HistoryEntry(row.key, now, row.version, "republished"))
        former = Former(
            current.state, current.requested_at, current.error_code, current.error_detail, current.fingerprint, current.judged_by
        )
        begun = replace(item, new_version=row.version, former_code=current.error_code, former=former)
        step.items.append(Ended(begun, ItemStatus.BEGUN))
    return step


def take_back(items: Sequence[Item], rows: Mapping[ImageKey, ImageRow], now: datetime) -> Step:
    """Restore begun images to how they stood, by their locked rows; one that has its outcome keeps it."""
    step = Step()
    for item in items:
        current = rows.get(item.key)
        restored = None if item.former is None else taken_back(current, item.new_version or 0, item.former, now)
        if restored is None or item.former is None:
            state = CurrentState(current.version, current.state, current.error_code) if current else CurrentState(None, None, None)
            step.items.append(Ended(item, ended_as(item, state) or ItemStatus.REPLACED, state.code))
            continue
        step.changes.accepted.append(restored)
        if restored.state is not ImageState.IN_PROGRESS:
            step.changes.restored.append(restored)
            step.changes.results.append(of_restored(restored, now))
        asked_again = restored.requested_at > item.former.requested_at
        if not asked_again:
            step.changes.history.append(HistoryEntry(restored.key, now, restored.version, "taken_back"))
        step.items.append(Ended(item, ItemStatus.REPLACED if asked_again else ItemStatus.TAKEN_BACK))
    return step
