"""A load generator's ledger, and what it says must be shown: the last acknowledged request of every image.

One JSON object a line. The first names the run: `{"ledger": 1, "installation": "<topic prefix>"}`. Each other is a
request, written when its answer is known: `{"shop_no", "image_id", "op", "source_url", "acknowledged", "version"}`, in the
order the requests of an image were sent. One whose answer was lost may have gone either way.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from faust_app.core.image import ImageKey, ImageRow, ImageState
from faust_app.core.invariants import Violation

RULE = "I10 the last acknowledged request is what is shown"


class LedgerError(Exception):
    """The file is no ledger of this installation; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One request: a source to show, or None to delete; its version where the answer told it."""

    source_url: str | None
    version: int | None


@dataclass(slots=True)
class Wishes:
    """What may be wanted of an image now: the last acknowledged request, or one sent later whose answer was lost."""

    acknowledged: Wish | None = None
    unknown: list[Wish] = field(default_factory=list)


def read_ledger(lines: Iterable[str], installation: str) -> dict[ImageKey, Wishes]:
    """Return what is wanted of every image. Raises LedgerError with the line's number."""
    wishes: dict[ImageKey, Wishes] = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if number == 1:
                _check_run(entry, installation)
                continue
            key = (int(entry["shop_no"]), str(entry["image_id"]).encode())
            wish = Wish(entry.get("source_url"), entry.get("version"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LedgerError(f"line {number} is not a line of a ledger") from error
        known = wishes.setdefault(key, Wishes())
        if entry.get("acknowledged"):
            known.acknowledged, known.unknown = wish, []
        else:
            known.unknown.append(wish)
    if not wishes:
        raise LedgerError("the ledger names no image")
    return wishes


def _check_run(entry: object, installation: str) -> None:
    if not isinstance(entry, Mapping) or entry.get("ledger") != 1:
        raise LedgerError("line 1 does not begin a ledger")
    if entry.get("installation") != installation:
        raise LedgerError(f"the ledger is of another installation: {entry.get('installation')}, not {installation}")


def ledger_violations(wishes: Mapping[ImageKey, Wishes], rows: Mapping[ImageKey, ImageRow]) -> Iterator[Violation]:
    """Yield the images that show something else than what is wanted of them."""
    for key, wanted in wishes.items():
        row = rows.get(key)
        possible = [wish for wish in (wanted.acknowledged, *wanted.unknown) if wish is not None]
        if row is None:
            if wanted.acknowledged is not None:
                yield Violation(RULE, *key, "an acknowledged request left no row")
        elif not any(_is_shown(row, wish) for wish in possible) and (wanted.acknowledged is not None or row.state is not ImageState.FAILED):
            yield Violation(RULE, *key, f"{row.state.value} at version {row.version} is none of what is wanted")


def _is_shown(row: ImageRow, wish: Wish) -> bool:
    """Return whether the row has what was asked for, at the answer's version or at one that a repeated request led to."""
    if wish.version is not None and row.version < wish.version:
        return False
    if wish.source_url is None:
        return row.state is ImageState.DELETED
    if row.state is ImageState.FAILED:
        return row.source_url == wish.source_url
    return row.state is ImageState.DONE and row.shown is not None and row.shown.url == wish.source_url
