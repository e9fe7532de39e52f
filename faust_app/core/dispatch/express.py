"""Which changes of a shop take the lane `express`: the few it makes now and then, not what it drops at once.

Each shop has a token bucket. A giant's images beyond its bucket wait in `bulk`, where they make nobody wait who is express. Two
further limits keep *many* shops from filling express together: a bucket over all shops that newcomers draw on as well, and a
factor that shrinks every bucket while express lags.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from faust_app.core.operators.rate_limit import Bucket, Rate, full, refilled, take

MAX_SHOPS: Final = 50_000
"""Shops remembered at most, about 15 MB; the least recently seen are forgotten, and are newcomers when they return."""
NEWCOMER_SECONDS: Final = 20.0
"""How long a shop is a newcomer, from when it was first met, or last refused for what all shops sent. By default a bucket fills in that
time, so whoever is known has saved it, not been given it."""
ALL_SHOPS: Final = Rate(20.0, 60.0)
"""Images of all newcomers, a process. A worker of one core stores 120 a second (docs/operating.md, Capacity), half of that for express
beside a full `bulk`, and less while it takes in a burst from hosts it has never met: newcomers leave most of it to shops that are known."""
ALL_DELETES: Final = Rate(300.0, 300.0)
"""Deletes of all shops, a process: they fetch and check nothing."""
LAGGING_SECONDS: Final = 5.0
LAGGING_RECORDS: Final = 120
"""Fewer unfinished records are no crowd, however old: a few images of slow sources hold up the offsets of many that are finished."""
SMALLEST_FACTOR: Final = 1 / 16


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one shop may send by express: images it registers or updates, and deletes."""

    images: Rate
    deletes: Rate


@dataclass(slots=True)
class _Shop:
    """A shop's buckets; most shops never delete."""

    since: float
    images: Bucket
    deletes: Bucket | None = None


class Express:
    """The buckets of one process. Times are seconds of one clock; where it goes back, no time has passed."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._shops: OrderedDict[int, _Shop] = OrderedDict()  # a plain dict finds its first entry slowly after many were removed
        self._all_images = full(ALL_SHOPS, 0.0)
        self._all_deletes = full(ALL_DELETES, 0.0)
        self.factor = 1.0
        """By how much every rate and burst is shrunk: 1, or down to 1/16 while express lags."""

    @property
    def known(self) -> int:
        """Number of shops remembered."""
        return len(self._shops)

    def admit(self, shop_no: int, now: float, *, delete: bool = False) -> bool:
        """Return whether this change of the shop is express, and charge it if so.

        A shop that has been known for a while needs what it has saved. A newcomer needs what all shops together have left too,
        and starts with nothing while that is used up.
        """
        if delete:
            return self._admit_delete(self._seen(shop_no, now), now)
        shop, rate, of_all = self._seen(shop_no, now), self._shrunk(self._allowance.images), self._shrunk(ALL_SHOPS)
        shop.images, self._all_images = refilled(shop.images, rate, now), refilled(self._all_images, of_all, now)
        if not _may(shop, shop.images, self._all_images, now):
            return False
        shop.images, self._all_images = take(shop.images, rate, now), _drawn(self._all_images)
        return True

    def _admit_delete(self, shop: _Shop, now: float) -> bool:
        rate, of_all = self._shrunk(self._allowance.deletes), self._shrunk(ALL_DELETES)
        mine = refilled(shop.deletes or full(rate, now), rate, now)
        self._all_deletes = refilled(self._all_deletes, of_all, now)
        admitted = _may(shop, mine, self._all_deletes, now)
        if admitted:
            mine, self._all_deletes = take(mine, rate, now), _drawn(self._all_deletes)
        shop.deletes = mine
        return admitted

    def note_lag(self, seconds: float, records: int) -> None:
        """Shrink the buckets by half after a sample in which express lags, else widen them again."""
        lagging = seconds > LAGGING_SECONDS and records > LAGGING_RECORDS
        self.factor = max(SMALLEST_FACTOR, self.factor / 2) if lagging else min(1.0, self.factor * 2)

    def _seen(self, shop_no: int, now: float) -> _Shop:
        """Return the shop, as the one seen last."""
        shop = self._shops.get(shop_no)
        if shop is not None:
            self._shops.move_to_end(shop_no)
            return shop
        shop = self._shops[shop_no] = self._newcomer(now)
        if len(self._shops) > MAX_SHOPS:
            self._shops.popitem(last=False)
        return shop

    def _newcomer(self, now: float) -> _Shop:
        rate, of_all = self._shrunk(self._allowance.images), self._shrunk(ALL_SHOPS)
        has_room = refilled(self._all_images, of_all, now).left >= 1
        return _Shop(now, full(rate, now) if has_room else Bucket(0.0, now))

    def _shrunk(self, rate: Rate) -> Rate:
        return Rate(rate.per_second * self.factor, rate.burst * self.factor)


def _may(shop: _Shop, mine: Bucket, of_all: Bucket, now: float) -> bool:
    """Return whether the shop may send one more; a newcomer that comes while all shops have nothing left stays one from then on."""
    if of_all.left >= 1 or now - shop.since >= NEWCOMER_SECONDS:
        return mine.left >= 1
    shop.since = now
    return False


def _drawn(of_all: Bucket) -> Bucket:
    """Return the bucket of all shops after one more; those who are known may be admitted without it, and leave it no debt."""
    return Bucket(max(0.0, of_all.left - 1), of_all.at)
