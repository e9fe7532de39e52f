"""What reports may rely on of a statistics store, whichever it is."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from faust_app.adapters.clickhouse.daily_statistics import ClickHouseDailyStatistics
from faust_app.core.statistics.figures import BUCKETS, NOTHING, Figures, Times
from faust_app.core.statistics.load import Marker, ShopRow, Totals, totals_of
from faust_app.flows.ports.statistics import StatisticsStore

DAY = date(2026, 3, 14)
NEXT = DAY + timedelta(days=1)
AT = datetime(2026, 3, 15, 0, 10, 0, 123456)  # noqa: DTZ001 - as the database keeps it
TIMES = Times(3, 2**33, 2**31, (0, 1, 2, *[0] * (BUCKETS - 3)))
BUSY = Figures(5, 4, 3, 2, 1, 7, 8, 9, 10, 11, 2**40, -(2**40), TIMES)
ROWS = [ShopRow(7, BUSY), ShopRow(2**53 - 1, Figures(registered=1), 2**41)]


async def published(store: StatisticsStore, day: date, load_id: int, rows: list[ShopRow], at: datetime = AT) -> Marker:
    await store.add_rows(day, load_id, rows)
    marker = Marker(day, load_id, totals_of(rows), at)
    await store.publish(marker)
    return marker


async def test_a_load_is_read_as_it_was_written(any_store: StatisticsStore) -> None:
    store = any_store
    marker = await published(store, DAY, 5, ROWS)
    assert await store.manifest() == {DAY: marker}
    assert await store.shop_rows(7, DAY, DAY) == [(DAY, 5, ROWS[0])]
    assert await store.shop_rows(2**53 - 1, DAY, DAY) == [(DAY, 5, ROWS[1])]
    assert await store.shop_rows(8, DAY, DAY) == []
    assert await store.shop_rows(7, NEXT, NEXT) == []


async def test_what_arrived_is_counted_before_anybody_reads_it(any_store: StatisticsStore) -> None:
    store = any_store
    assert (await store.totals(DAY, 6)).matches(Totals())
    await store.add_rows(DAY, 6, ROWS[:1])
    assert not (await store.totals(DAY, 6)).matches(totals_of(ROWS))
    await store.add_rows(DAY, 6, ROWS[1:])
    assert (await store.totals(DAY, 6)).matches(totals_of(ROWS))
    assert await store.manifest() == {}
    assert await store.all_totals() == {}


async def test_the_highest_number_is_that_of_any_load_published_or_not(any_store: StatisticsStore) -> None:
    store = any_store
    assert await store.highest_load() == 0
    await published(store, DAY, 7, [])
    assert await store.highest_load() == 7
    await store.add_rows(NEXT, 9, ROWS)
    assert await store.highest_load() == 9


async def test_the_highest_load_of_a_day_counts_whenever_it_was_published(any_store: StatisticsStore) -> None:
    store = any_store
    newer = await published(store, DAY, 9, ROWS)
    await published(store, DAY, 8, ROWS[:1])
    assert await store.manifest() == {DAY: newer}
    assert (await store.all_totals())[DAY].matches(totals_of(ROWS))
    assert (await store.platform_rows(DAY, DAY))[DAY].figures == BUSY + Figures(registered=1)


async def test_all_shops_together_are_the_sum_and_the_busiest_come_first(any_store: StatisticsStore) -> None:
    store = any_store
    await published(store, DAY, 1, ROWS)
    await published(store, NEXT, 2, [replace(ROWS[0], figures=Figures(registered=2, times=TIMES))])
    sums = await store.platform_rows(DAY, NEXT)
    assert sums[DAY] == ShopRow(0, BUSY + Figures(registered=1), 2**41)
    assert sums[NEXT].figures.times == TIMES
    top = await store.top_shops(DAY, NEXT, 10)
    assert [(each.shop_no, each.figures.registered) for each in top] == [(7, 7), (2**53 - 1, 1)]
    assert len(await store.top_shops(DAY, NEXT, 1)) == 1


async def test_a_day_without_any_shop_is_published_too(any_store: StatisticsStore) -> None:
    store = any_store
    marker = await published(store, DAY, 3, [])
    assert await store.manifest() == {DAY: marker}
    assert await store.shop_rows(7, DAY, DAY) == []


async def test_superseded_and_abandoned_rows_go_once_they_are_old_enough(any_store: StatisticsStore) -> None:
    store = any_store
    old = AT - timedelta(hours=2)
    await published(store, DAY, 1, ROWS, old)
    await store.add_rows(NEXT, 2, ROWS)  # its process died before the marker
    newer = await published(store, DAY, 3, ROWS[:1], old)
    await published(store, DAY + timedelta(days=2), 4, [], AT)
    assert await store.collect(old) == 0
    assert await store.collect(AT) == 4
    assert await store.collect(AT) == 0
    assert await store.shop_rows(7, DAY, NEXT) == [(DAY, 3, ROWS[0])]
    assert (await store.manifest())[DAY] == newer


async def test_what_was_superseded_a_moment_ago_is_still_read_by_those_who_know_no_newer_load(any_store: StatisticsStore) -> None:
    store = any_store
    await published(store, DAY, 1, ROWS, AT - timedelta(hours=2))
    await published(store, DAY, 2, ROWS[:1], AT)
    assert await store.collect(AT - timedelta(hours=1)) == 0
    assert {load_id for _, load_id, _ in await store.shop_rows(7, DAY, DAY)} == {1, 2}


async def test_a_load_that_took_long_to_publish_leaves_its_predecessor_to_readers_who_know_no_other(any_store: StatisticsStore) -> None:
    store = any_store
    await published(store, DAY, 1, ROWS, AT - timedelta(hours=5))
    await published(store, NEXT, 3, ROWS, AT - timedelta(hours=2))
    await published(store, DAY, 2, ROWS[:1], AT)
    assert await store.collect(AT - timedelta(hours=1)) == 0
    assert await store.collect(AT + timedelta(seconds=1)) == 2


async def test_old_months_go_whole(any_store: StatisticsStore) -> None:
    store = any_store
    await published(store, date(2025, 1, 31), 1, ROWS)
    await published(store, date(2025, 2, 1), 2, ROWS)
    kept = await published(store, date(2025, 3, 1), 3, ROWS)
    assert list(await store.drop_before(date(2025, 3, 1))) == [date(2025, 1, 1), date(2025, 2, 1)]
    assert await store.manifest() == {kept.day: kept}
    assert list(await store.drop_before(date(2025, 3, 1))) == []
    assert await store.shop_rows(7, date(2025, 1, 1), date(2025, 2, 28)) == []


async def test_preparing_again_changes_nothing(any_store: StatisticsStore) -> None:
    store = any_store
    marker = await published(store, DAY, 1, [ShopRow(7, NOTHING, 5)])
    await store.prepare()
    assert await store.manifest() == {DAY: marker}


async def test_compacting_leaves_every_load_as_it_was(any_store: StatisticsStore) -> None:
    store = any_store
    await published(store, DAY, 1, ROWS, AT - timedelta(hours=2))
    await published(store, DAY, 2, ROWS[:1])
    await store.add_rows(NEXT, 3, ROWS)
    before = await store.shop_rows(7, DAY, NEXT)
    await store.compact()
    assert sorted(await store.shop_rows(7, DAY, NEXT), key=lambda row: row[1]) == sorted(before, key=lambda row: row[1])
    assert (await store.totals(NEXT, 3)).matches(totals_of(ROWS))


async def test_compacting_leaves_one_part_of_each_month(clickhouse_store: ClickHouseDailyStatistics) -> None:
    store = clickhouse_store
    for load_id, day in enumerate((DAY, NEXT, date(2026, 4, 1)), 1):
        await published(store, day, load_id, ROWS)
    await store.compact()
    parts = "SELECT partition, count() FROM system.parts WHERE active AND database = currentDatabase() AND table = 'shop_stats_daily'"
    found = await store._rows(f"{parts} GROUP BY partition")
    assert {partition: count for partition, count in found} == {"202603": 1, "202604": 1}  # noqa: C416 - rows are sequences
