"""One column of a case's table: the figures that come of the images of one run. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.fairness.measure import Image, Shares, Waits, rate_of, shares_of, waits_of
from bench.fairness.scenarios import QUIET, WARM_UP_SHOP, Burst

_SETTLING: Final = 2.0
"""Seconds before the burst whose quiet images no longer count as alone."""
_CLOCKS: Final = 1.0
"""Seconds by which acceptance through Kafka, whose clock is another, may seem to come before the burst was sent."""


@dataclass(frozen=True)
class Times:
    """Seconds of the database's clock: the quiet shops are alone, the burst begins, is over, and the images were read.

    Waits beside the burst count from `since`, where images were accepted before it.
    """

    alone: float
    begin: float
    since: float
    end: float
    read: float


@dataclass(frozen=True)
class Column:
    """What one run showed; `by_shop` has the quiet ones. `drain` is None where the burst was not drained.

    `others_cores` is what the machine spent on other work meanwhile.
    `all_quiet` are the waits of the quiet shops counted from acceptance, where `quiet` are counted from a later time.
    """

    images: int
    idle: Waits
    quiet: Waits
    all_quiet: Waits | None
    groups: Mapping[str, Waits]
    by_shop: Mapping[int, Waits]
    drain: float | None
    rate: float | None
    shares: Shares | None
    bound: float | None = None
    deferrals: float = 0.0
    others_cores: float = 0.0


def column_of(images: Sequence[Image], burst: Burst, times: Times, *, is_drained: bool) -> Column:
    """Compute the figures of a run. Raises ValueError where a phase has no quiet image."""
    quiet = [image for image in images if image.shop in QUIET]
    beside = [image for image in quiet if times.begin <= image.accepted <= times.end]
    later = [image for image in beside if image.done is None or image.done >= times.since]
    sent = [image for image in images if image.shop not in QUIET and image.shop != WARM_UP_SHOP and image.accepted >= times.begin - _CLOCKS]
    dones = [image.done for image in sent if image.done is not None]
    is_over = is_drained and bool(dones)
    idle = waits_of([image for image in quiet if times.alone <= image.accepted <= times.begin - _SETTLING], times.read)
    waits = waits_of(later, times.read, times.since)
    if idle is None or waits is None:
        raise ValueError("the quiet shops sent nothing")
    return Column(
        images=len(sent),
        idle=idle,
        quiet=waits,
        all_quiet=waits_of(beside, times.read) if times.since > times.begin else None,
        groups=_groups(sent, burst, times.end),
        by_shop={shop: found for shop in QUIET if (found := waits_of([image for image in beside if image.shop == shop], times.read))},
        drain=max(dones) - times.begin if is_over else None,
        rate=rate_of(sent),
        shares=shares_of([*beside, *sent], times.begin, max(dones) if is_over else times.end),
    )


def _groups(images: Sequence[Image], burst: Burst, until: float) -> dict[str, Waits]:
    """Return the waits of each group; its deletes have a line of their own."""
    found = {}
    for name, shops in burst.groups.items():
        for label, is_delete in ((name, False), (f"{name}, deletes", True)):
            waits = waits_of([image for image in images if image.shop in shops and image.is_delete is is_delete], until)
            if waits is not None:
                found[label] = waits
    return found
