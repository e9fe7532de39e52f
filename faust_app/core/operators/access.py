"""Who may do what: roles and their scopes, shops, and for how long a session lasts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

Shops = frozenset[int] | None
"""The shops that somebody is limited to; None means all."""

SCOPES: Final = frozenset({"intake", "view", "operate", "admin"})
IDLE: Final = timedelta(minutes=30)
"""A session without a request for this long is over: whoever left the desk has logged out."""
ABSOLUTE: Final = timedelta(hours=12)
"""A session this old is over, however busy: a stolen one is worth no more than a working day."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""A request writes the time of its session only if the stored one is older, so that reading pages writes nothing."""
ONE_TIME_LASTS: Final = timedelta(minutes=10)
"""For how long a one-time log-in can be used."""


class Role(StrEnum):
    """What an account may do; each role includes the ones before it."""

    VIEW = "view"  #: see every page
    OPERATE = "operate"  #: change what happens to images
    ADMIN = "admin"  #: see the accounts, and end the sessions of others

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of this role. None has `intake`: requests for images come from machines, with tokens."""
        return _SCOPES[self]


_SCOPES: Final = {
    Role.VIEW: frozenset({"view"}),
    Role.OPERATE: frozenset({"view", "operate"}),
    Role.ADMIN: frozenset({"view", "operate", "admin"}),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may log in; `password_hash` None means by one-time log-in only."""

    name: str
    role: Role
    shops: Shops
    created_at: datetime
    disabled_at: datetime | None = None
    password_hash: str | None = None


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account with its last log-in, and how many of its sessions nobody has ended."""

    account: Account
    last_log_in: datetime | None
    sessions: int


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in of an account on one device."""

    number: int
    account: str
    created_at: datetime
    seen_at: datetime
    remote: str | None
    user_agent: str
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a request: a token of the tokens file, an account by its session, or the people of a shop, by a link."""

    name: str
    scopes: frozenset[str]
    shops: Shops = None
    session: int | None = None
    """The number of the session; None for a token."""
    visit: int | None = None
    """The number of the shop's own session; None for everybody else."""

    @property
    def is_person(self) -> bool:
        """Whether a browser sends the requests: it also sends what other sites make it send."""
        return self.session is not None or self.visit is not None

    def may(self, scope: str) -> bool:
        """Return whether the sender has the scope; whoever operates may also have a shop's images tried again."""
        return scope in self.scopes or (scope == "retry" and "operate" in self.scopes)

    def reaches(self, shop_no: int) -> bool:
        """Return whether the sender may see and change this shop."""
        return self.shops is None or shop_no in self.shops


def is_over(session: Session, now: datetime) -> bool:
    """Return whether the session has ended: revoked, too old, or unused for too long."""
    return session.revoked_at is not None or now - session.created_at >= ABSOLUTE or now - session.seen_at >= IDLE


def is_stale(session: Session, now: datetime) -> bool:
    """Return whether the stored time of the last request has to be written again."""
    return now - session.seen_at >= SEEN_EVERY


def shops_text(shops: Shops) -> str:
    """Return the shops for people."""
    if shops is None:
        return "all shops"
    listed = ", ".join(str(shop) for shop in sorted(shops))
    return f"{'shop' if len(shops) == 1 else 'shops'} {listed}" if listed else "no shop"
