"""From the costs of an image to what a load needs, on numbers that can be checked by hand."""

from pathlib import Path

from bench.scaling.costs import Costs
from bench.scaling.model import LOADS, Load, database_ceiling, needs_of

COSTS = Costs(
    worker=1_800,
    worker_structure=900,
    database=400,
    kafka=120,
    storage=1_200,
    transactions=0.1,
    web=600,
    web_database=200,
    row_bytes=1_000,
    history_bytes=500,
    topic_bytes=2_000,
)
LOAD = Load("a thousand", 1_000)
PAGE = Path(__file__).parent.parent.parent / "docs" / "scaling.md"


def test_cores_are_planned_at_sixty_percent() -> None:
    needs = needs_of(LOAD, COSTS)
    assert {part: round(cores, 9) for part, cores in needs.cores.items()} == {
        "worker": 3.0,
        "database": 1.0,
        "Kafka": 0.2,
        "storage": 2.0,
        "web": 1.0,
    }


def test_one_process_of_each_kind_may_be_lost() -> None:
    needs = needs_of(LOAD, COSTS)
    assert needs.workers == 4
    assert needs.connections == (4 + 2) * 8


def test_every_worker_has_a_partition() -> None:
    assert needs_of(LOAD, COSTS).partitions == 12
    assert needs_of(Load("ten thousand", 10_000), COSTS).partitions == 36


def test_what_is_kept_grows_with_rows_and_days() -> None:
    needs = needs_of(LOAD, COSTS)
    assert (needs.row_gb, needs.history_gb, needs.topic_gb) == (540.0, 4_860.0, 302.4)
    assert needs.transactions_per_second == 100.0
    assert needs.core_hours_per_day == 21.6e6 * 4_320 / 1e6 / 3600


def test_images_that_are_kept_follow_from_the_changes_of_their_shops() -> None:
    assert LOAD.per_day == 540_000 * 40
    assert LOAD.kept == 540_000 * 1_000
    assert [round(load.kept / 1e6) for load in LOADS] == [540, 5_400, 1_000]


def test_the_page_of_scaling_has_the_rows_of_the_model() -> None:
    assert f"| rows | {' | '.join(f'{load.kept / 1e6:,.0f} M' for load in LOADS)} |" in PAGE.read_text().splitlines()


def test_the_database_is_full_where_its_cores_are() -> None:
    assert round(database_ceiling(COSTS)) == 16_000
