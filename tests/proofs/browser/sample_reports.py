"""Thirteen months of figures as shops have them: weekends, growth, missing and refreshed days, final months and a correction."""

import random
from datetime import date, timedelta

from faust_app.core.statistics.calendar import months_later
from faust_app.core.statistics.figures import BUCKETS, Figures, Source, Times
from faust_app.core.statistics.ledger import Kind, LedgerEntry
from faust_app.core.statistics.report import ClosedMonth, Correction
from faust_app.core.statistics.slow_source import SlowSource
from tests.factories import NOW
from tests.fakes.statistics import FakeLedger, FakeReports, FakeSlowSources

TODAY = date(2026, 3, 1)
SHOPS = {7: 120, 8: 9, 12: 900, 31_415: 48}
"""New images a day, by shop."""


def sample_reports() -> FakeReports:
    chance = random.Random(3)
    figures = {shop: {TODAY - timedelta(days=n): _day(chance, size, n) for n in range(430)} for shop, size in SHOPS.items()}
    return FakeReports(
        figures=figures,
        stored={shop: size * 21_000_000 for shop, size in SHOPS.items()},
        sources={
            TODAY: Source.LIVE, date(2026, 2, 17): Source.MISSING, date(2026, 2, 18): Source.MISSING, date(2026, 2, 24): Source.FALLBACK,
        },
        closed=tuple(ClosedMonth(months_later(date(2025, 1, 1), n), n + 1, NOW) for n in range(13)),
        corrections=(
            Correction(1, date(2026, 1, 14), NOW, {"registered": 90_101}, {"registered": 90_118}, "a clock was wrong", applied=True),
            Correction(2, date(2026, 1, 15), NOW, {"bytes_in": 7_000_000}, {"bytes_in": 7_084_000}, "the history has more", applied=False),
        ),
    )  # fmt: skip


def _day(chance: random.Random, size: int, age: int) -> Figures:
    busy = 0.3 if (TODAY - timedelta(days=age)).weekday() > 4 else 1.4 - age / 430
    registered = int(max(0.0, chance.gauss(size, size / 3)) * busy)
    updated = int(registered * chance.random())
    taken = [int(chance.lognormvariate(6.5, 1)) + 1 for _ in range(min(registered, 40))]
    histogram = tuple(sum(each.bit_length() - 1 == bucket for each in taken) for bucket in range(BUCKETS))
    return Figures(
        registered=registered, updated=updated, deleted=registered // 5, failed_shop=registered // 30, failed_source=registered // 50,
        repaired=age % 3, retried=registered // 4, dead_lettered=registered // 20, rescued=age % 2,
        bytes_in=(registered + updated) * 84_000, bytes_change=registered * 70_000 - age * 9000,
        times=Times(len(taken), sum(taken), max(taken, default=0), histogram),
    )  # fmt: skip


def sample_ledger() -> FakeLedger:
    long = (
        "https://media.shop.example/catalog/product/cache/1/image/9df78eab33525d08d6e5fb8d27136e95/" + "summer-dress-" * 6 + "{n}.jpg?v=2"
    )
    entries = [
        LedgerEntry(
            1000 - n, NOW - timedelta(minutes=7 * n), f"IMG_{n:05}/main".encode(), 1 + n % 3, "STORED", None, 84_000 + n, 70_000, 1900 + n,
            f"SKU-{n // 3:05}", long.format(n=n),
        )
        for n in range(130)
    ]  # fmt: skip
    return FakeLedger({(7, Kind.REGISTERED): [(TODAY, entry) for entry in entries]})


def sample_slow_sources() -> FakeSlowSources:
    return FakeSlowSources([SlowSource(f"images-{n}.shop-{n}.example", 40 + n, 90_000 // (n + 1), 240_000 // (n + 1)) for n in range(8)])
