"""Were all outcomes told, and nothing else? Results beside history and rows; no code is shared with what writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Image = tuple[int, str]

KINDS = {
    "stored": "stored", "same_bytes": "unchanged", "not_modified": "unchanged", "refetch_failed": "unchanged", "taken_back": None,
    "deleted": "deleted", "failed": "failed",
}  # fmt: skip
"""Outcomes of the history that end a version, and what is told of them; None: what is told follows from the state."""
STATES = {"DONE": {"stored", "unchanged"}, "DELETED": {"deleted"}, "FAILED": {"failed"}}
OF_REQUESTS = {"superseded", "rejected"}


@dataclass(frozen=True)
class Told:
    """What a run told: records, and images whose result is missing, wrong, or not the last one of their partition."""

    records: int
    again: int
    """Records that came more than once."""
    missing: Sequence[str]
    contradicting: Sequence[str]
    out_of_order: Sequence[str]
    """Images whose last record is not their newest result."""

    @property
    def line(self) -> str:
        """Say it in one line."""
        return (
            f"results: {self.records:,} records, {self.again:,} of them again; missing {len(self.missing)}, "
            f"contradicting {len(self.contradicting)}, images whose last record is an older result {len(self.out_of_order)}"
        )


def compare(rows: Mapping[Image, tuple[str, int]], history: Sequence[tuple[Image, int, str]], records: Sequence[Mapping[str, Any]]) -> Told:
    """Compare results with state and version of each row and the outcomes of its versions; `records` in the order of their partitions."""
    of_image: dict[Image, list[Mapping[str, Any]]] = {}
    for record in records:
        if record["kind"] not in OF_REQUESTS:
            of_image.setdefault((record["shop_no"], record["image_id"]), []).append(record)
    told = {(image, each["version"]): each["kind"] for image, own in of_image.items() for each in own}
    ended = {(image, version): KINDS[outcome] for image, version, outcome in history if outcome in KINDS}
    missing = [f"{image} version {version}: {kind}" for (image, version), kind in ended.items() if (image, version) not in told]
    wrong = [
        f"{image} version {version} is told as {kind}, its history says {ended.get((image, version), 'nothing')}"
        for (image, version), kind in told.items()
        if ended.get((image, version), "nothing") not in {kind, None}
    ]
    for image, own in of_image.items():
        versions = [each["version"] for each in sorted(own, key=lambda each: int(each["position"]))]
        if versions != sorted(versions):
            wrong.append(f"{image}: versions by position are {versions}")
    late = []
    for image, (state, version) in rows.items():
        if state not in STATES:
            continue
        own = of_image.get(image, [])
        newest = max(own, key=lambda each: int(each["position"]), default=None)
        if newest is None:
            missing.append(f"{image}: {state} at version {version}")
        elif newest["version"] != version or newest["kind"] not in STATES[state]:
            wrong.append(f"{image}: {state} at version {version}, last told as {newest['kind']} at {newest['version']}")
        elif own[-1]["position"] != newest["position"]:
            late.append(f"{image}: ends with {own[-1]['kind']} at version {own[-1]['version']}")
    again = len(records) - len({record["position"] for record in records})
    return Told(len(records), again, missing, wrong, late)
