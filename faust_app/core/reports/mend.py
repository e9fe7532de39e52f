"""What a shop can mend: its failed images by reason and host, in the order in which mending helps most.

What is ours, or suspected to be, is never told as the shop's fault.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from faust_app.core.causes.suspicion import PLATFORM_LOOKS, Blame
from faust_app.core.failure_codes import FailureCode, Severity, known_code
from faust_app.core.images.row import ImageState


class Standing(StrEnum):
    """Who has to do something about a group of images."""

    ACT = "act"  #: the shop: they failed, and stay as they are until it acts
    TRYING = "trying"  #: nobody: they are tried again by themselves
    OURS = "ours"  #: the platform


@dataclass(frozen=True, slots=True)
class Tally:
    """Images of one shop that failed, or are tried again, by the same cause and release.

    `mend` is the text that the database groups them by, `next_at` the first of their times (UTC).
    """

    mend: str
    failed: bool
    shown: bool
    cause: str
    release: str | None
    images: int
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MendGroup:
    """Images with one reason and one host. `code` is None for a wait that no failure began, `host` for what has none."""

    standing: Standing
    code: str | None
    host: str | None
    images: int
    without_picture: int
    next_at: datetime | None
    mends: tuple[str, ...]
    """The texts by which the database finds the images."""

    @property
    def known_code(self) -> FailureCode | None:
        """The code's row, None where there is no code or only another release knows it."""
        return known_code(self.code)

    @property
    def may_be_retried(self) -> bool:
        """Whether its shop may have the images tried again, once it has mended them."""
        return self.standing is Standing.ACT and self.code is not None

    def is_named(self, standing: Standing, code: str | None, host: str | None) -> bool:
        """Return whether this is the group of that name."""
        return (self.standing, self.code, self.host) == (standing, code, host)


_ORDER: Final = {Standing.ACT: 0, Standing.TRYING: 1, Standing.OURS: 2}
_ADVICE_TRYING: Final = "We try again by ourselves; there is nothing for you to do yet."
_ADVICE_WAITING: Final = "Your server is slow or did not answer; we give it time and try again by ourselves."


def tally_of(mend: str, images: int, next_at: datetime | None) -> Tally:
    """Build a tally from the column `mend` of migration 0009 and what was counted of it."""
    kind, _, rest = mend.partition("\t")
    cause, _, release = rest.partition("\t")
    state, _, shown = kind.partition("-")
    return Tally(mend, state == "failed", bool(shown), cause, release or None, images, next_at)


def grouped(tallies: Iterable[Tally], blame: Blame) -> list[MendGroup]:
    """Return the groups: what the shop must do first, what has no picture before what shows an older one, then the larger ones."""
    found: dict[tuple[Standing, str | None, str | None], MendGroup] = {}
    for tally in tallies:
        key = standing_of(tally, blame), *_named(tally.cause)
        group = found.get(key) or MendGroup(*key, 0, 0, None, ())
        times = [at for at in (group.next_at, tally.next_at) if at is not None]
        found[key] = replace(
            group,
            images=group.images + tally.images,
            without_picture=group.without_picture + (0 if tally.shown else tally.images),
            next_at=min(times, default=None),
            mends=(*group.mends, tally.mend),
        )
    return sorted(
        found.values(), key=lambda each: (_ORDER[each.standing], -each.without_picture, -each.images, each.code or "", each.host or "")
    )


def standing_of(tally: Tally, blame: Blame) -> Standing:
    """Return who has to act. What we try again is nobody's fault yet; what is ours is never the shop's to mend."""
    if not tally.failed:
        return Standing.TRYING
    return Standing.OURS if is_ours(tally.cause, tally.release, blame) else Standing.ACT


def is_ours(cause: str, release: str | None, blame: Blame) -> bool:
    """Return whether a failure is the platform's: by its code, or because people said so or a release is suspected."""
    code = known_code(cause.partition("@")[0])
    return code is None or code.severity is Severity.PLATFORM or blame.is_ours(cause, release)


def advice(group: MendGroup) -> str:
    """Return what the shop is told about a group, in English."""
    if group.standing is Standing.OURS:
        return PLATFORM_LOOKS
    if group.standing is Standing.ACT and group.known_code is not None:
        return group.known_code.sentence
    return _ADVICE_TRYING if group.code is not None else _ADVICE_WAITING


def _named(cause: str) -> tuple[str | None, str | None]:
    code, _, host = cause.partition("@")
    return code or None, None if host in {"", "-"} else host


@dataclass(frozen=True, slots=True)
class ShopCounts:
    """Images of a shop by state, and how many of those in progress show a picture; `at_least` if they were too many to count all."""

    by_state: dict[ImageState, int]
    in_progress_shown: int
    at_least: bool = False

    @property
    def wanted(self) -> int:
        """Images that are to be shown."""
        return sum(count for state, count in self.by_state.items() if state is not ImageState.DELETED)

    @property
    def in_progress(self) -> int:
        """Images on their way."""
        return self.by_state.get(ImageState.IN_PROGRESS, 0)


@dataclass(frozen=True, slots=True)
class Standings:
    """The first line of the page: images that are wanted, shown, and shown in an older version; products without any picture."""

    wanted: int
    shown: int
    older: int
    in_progress: int
    pictureless: int
    at_least: bool = False
    """`shown` may be higher: too many images are on their way to look at each."""


def standings(counts: ShopCounts, tallies: Sequence[Tally], pictureless: int) -> Standings:
    """Return the first line. An image on its way to a newer version shows the one before, but is not called an older one."""
    older = sum(tally.images for tally in tallies if tally.failed and tally.shown)
    done = counts.by_state.get(ImageState.DONE, 0)
    shown = done + older + counts.in_progress_shown
    return Standings(counts.wanted, min(shown, counts.wanted), older, counts.in_progress, pictureless, counts.at_least)


@dataclass(frozen=True, slots=True)
class Fetching:
    """How far the images of an import are: those on their way, and when the newest of the others ended (UTC)."""

    in_progress: int
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PicturelessProduct:
    """A product of which no picture is shown: its labels, its failed images, and one of them with its failure."""

    product_id: str
    product_name: str | None
    sku: str | None
    images: int
    image_id: bytes
    code: str | None
    cause: str | None
    release: str | None

    def standing(self, blame: Blame) -> Standing:
        """Return who has to act."""
        return Standing.OURS if is_ours(self.cause or self.code or "", self.release, blame) else Standing.ACT
