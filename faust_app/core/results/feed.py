"""The feed: results in the order of their positions, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from faust_app.core.results.result import Positioned


@dataclass(frozen=True, slots=True)
class FeedEnd:
    """How far the feed reaches; positions are 0 where there was no result yet."""

    installation: str
    """The id of the installation."""
    last: int
    """The position of the newest result."""
    dropped: int
    """Results up to this position may be gone."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Results by position, and how far was looked for them."""

    rows: Sequence[Positioned]
    through: int
    """No other result up to this position is missing from the page, or can come later."""
    more: bool
    """Whether there were results behind `through`, or could be."""
    end: FeedEnd
    """How far the feed reached at the same instant."""
    is_known: bool
    """Whether there was a result at the position that the page follows."""

    def follows(self, position: int) -> bool:
        """Return whether a reader that has read up to this position, which the page was read from, misses nothing.

        Every cursor is at a result. Where that result is missing and was not dropped, the reader has read it before the database
        was restored from a backup, and newer results do not show what became of it since.
        """
        return self.is_known or position == self.end.dropped
