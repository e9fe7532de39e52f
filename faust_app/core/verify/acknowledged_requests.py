"""Checks that every image shows the last acknowledged request of a load generator's ledger.

A ledger has one JSON object a line. The first names the run: `{"ledger": 1, "installation": "<topic prefix>"}`. Every other
line is a request, written when its answer is known: `{"shop_no", "image_id", "op", "source_url", "acknowledged", "version",
"unchanged"}`, in the order in which the requests of an image were sent. A request whose answer was lost may or may not have been accepted.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from faust_app.core.images.row import ImageKey, ImageRow, ImageState, Origin
from faust_app.core.verify.invariants import Violation

RULE = "I10 the last acknowledged request is shown"


class LedgerError(Exception):
    """The file is not a ledger of this installation; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class LedgerRequest:
    """One request: a source to show, or None to delete; its version if the answer gave it.

    A `repeated` one was answered with a version that was under way already: with its outcome the row may begin anew. So may a
    row that an operator republished.
    """

    source_url: str | None
    version: int | None
    repeated: bool = False


@dataclass(slots=True)
class LedgerRequests:
    """The requests that an image may show now: the last acknowledged one, or a later one whose answer was lost."""

    acknowledged: LedgerRequest | None = None
    unknown: list[LedgerRequest] = field(default_factory=list)


def read_ledger(lines: Iterable[str], installation: str) -> dict[ImageKey, LedgerRequests]:
    """Return the possible requests of every image. Raises LedgerError with the line's number."""
    requests: dict[ImageKey, LedgerRequests] = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if number == 1:
                _check_run(entry, installation)
                continue
            key = (int(entry["shop_no"]), str(entry["image_id"]).encode())
            request = LedgerRequest(entry.get("source_url"), entry.get("version"), bool(entry.get("unchanged")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LedgerError(f"line {number} is not an entry of a ledger") from error
        known = requests.setdefault(key, LedgerRequests())
        if entry.get("acknowledged"):
            known.acknowledged, known.unknown = request, []
        else:
            known.unknown.append(request)
    if not requests:
        raise LedgerError("the ledger contains no image")
    return requests


def _check_run(entry: object, installation: str) -> None:
    if not isinstance(entry, Mapping) or entry.get("ledger") != 1:
        raise LedgerError("line 1 is not the header of a ledger")
    if entry.get("installation") != installation:
        raise LedgerError(f"the ledger belongs to another installation: {entry.get('installation')}, not {installation}")


def ledger_violations(requests: Mapping[ImageKey, LedgerRequests], rows: Mapping[ImageKey, ImageRow]) -> Iterator[Violation]:
    """Yield the images that show none of their possible requests."""
    for key, wanted in requests.items():
        row = rows.get(key)
        possible = [request for request in (wanted.acknowledged, *wanted.unknown) if request is not None]
        if row is None:
            if wanted.acknowledged is not None:
                yield Violation(RULE, *key, "an acknowledged request has no row")
        elif not any(_is_shown(row, request) for request in possible) and (
            wanted.acknowledged is not None or row.state is not ImageState.FAILED
        ):
            yield Violation(RULE, *key, f"{row.state.value} at version {row.version} matches none of the possible requests")


def _is_shown(row: ImageRow, request: LedgerRequest) -> bool:
    may_be_later = request.repeated or row.origin is Origin.REPAIR
    begun_anew = may_be_later and request.version is not None and row.version > request.version
    if request.version is not None and row.version != request.version and not begun_anew:
        return False
    if request.source_url is None:
        return row.state is ImageState.DELETED
    if row.state is ImageState.FAILED:
        return row.source_url == request.source_url
    return row.state is ImageState.DONE and row.shown is not None and row.shown.url == request.source_url
