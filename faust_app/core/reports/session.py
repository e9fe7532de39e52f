"""How long the people of a shop stay in after their link was used."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.reports.link import Right

IDLE: Final = timedelta(hours=2)
"""A session without a request for this long is over."""
ABSOLUTE: Final = timedelta(hours=12)
"""A session this old is over, however busy."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""A request writes the time of its session only if the stored one is older, so that reading pages writes nothing."""


@dataclass(frozen=True, slots=True)
class ReportSession:
    """One use of a link: the shop and the rights it gave. Times are UTC without a zone."""

    number: int
    shop_no: int
    rights: frozenset[Right]
    framed: bool
    """Its token is kept by a page in a frame and sent as a header; otherwise it is a cookie, and neither passes for the other."""
    created_at: datetime
    seen_at: datetime
    remote: str | None
    user_agent: str
    revoked_at: datetime | None = None


def is_over(session: ReportSession, now: datetime) -> bool:
    """Return whether the session has ended: revoked, too old, or unused for too long."""
    return session.revoked_at is not None or now - session.created_at >= ABSOLUTE or now - session.seen_at >= IDLE


def is_stale(session: ReportSession, now: datetime) -> bool:
    """Return whether the stored time of the last request has to be written again."""
    return now - session.seen_at >= SEEN_EVERY
