"""Makes the plan of a republish: every selected image becomes an item, and is planned or skipped for a reason.

One statement says for all rows what `core.republish.items.planned_as` says of one, so that 120,000 images are planned in
about a second. What it reads is the state at one moment: READ COMMITTED gives each statement a snapshot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from faust_app.adapters.mariadb.database import Session
from faust_app.adapters.mariadb.image_writes import groups, values_table
from faust_app.core.messages.positions import Offsets, PartitionOffsets, TopicPartition
from faust_app.core.monitoring.unfinished import lost_below
from faust_app.core.republish.items import FIXED_LIMITS, MAX_REPUBLISHES, TodaysRules
from faust_app.core.republish.selection import Override, SelectedState, Selection

# A lost row has no time, and its event is below what its partition still has to deliver, or in a partition nobody consumes.
_LOST: Final = "(image.scheduled_at IS NULL AND (image.topic IS NULL OR bound.below IS NULL OR image.`offset` < bound.below))"
_FINISHED: Final = (SelectedState.FAILED, SelectedState.DONE, SelectedState.DELETED)
_IN_PROGRESS: Final[Mapping[SelectedState, str]] = {
    SelectedState.SCHEDULED: "image.scheduled_at IS NOT NULL",
    SelectedState.LOST: _LOST,
    SelectedState.QUEUED: f"(image.scheduled_at IS NULL AND NOT {_LOST})",
}
_TOO_LARGE_TODAY: Final = (
    f"(image.error_code IN ({', '.join(repr(code.value) for code in sorted(FIXED_LIMITS))}) OR (image.error_code = 'too_large'"
    " AND COALESCE(CAST(NULLIF(REGEXP_SUBSTR(image.error_detail, '[0-9]+'), '') AS UNSIGNED), 18446744073709551615) >= %s))"
)
_ADD: Final = """
INSERT INTO republish_item (run_id, shop_no, image_id, version, former_state, former_code, status)
SELECT %s, image.shop_no, image.image_id, image.version, image.state, image.error_code, CASE
    WHEN image.state = 'DELETED' THEN 'deleted'
    WHEN image.state = 'DONE' AND NOT %s THEN 'good'
    WHEN image.state = 'IN_PROGRESS' AND NOT {lost} THEN 'in_flight'
    WHEN {paused} THEN 'shop_paused'
    WHEN NOT %s AND {refused_host} THEN 'address_refused'
    WHEN NOT %s AND {too_large} THEN 'size_refused'
    WHEN NOT %s AND image.republishes >= %s THEN 'republished_often'
    ELSE 'planned' END
FROM {source} WHERE {where}
"""
# The index is read from one host to the next, however many images each has.
_HOSTS: Final = "SELECT DISTINCT source_host FROM image FORCE INDEX (by_host) WHERE source_host IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Matching:
    """The FROM and WHERE clauses of a part of a selection, with their parameters in order, and the test for a lost row."""

    source: str
    where: str
    parameters: tuple[Any, ...]
    lost: str = "FALSE"


def matching(selection: Selection, offsets: Offsets) -> list[Matching]:
    """Return the clauses that match the selection: one part for each state, times one for every 500 named images.

    Without a state in each part the whole table is read: MariaDB takes a choice of states for too many rows for its index.
    """
    join, bounds = _joined_bounds(offsets)
    where, values = _conditions(selection)
    parts = []
    for source, keys in _sources(selection):
        finished = [state for state in _FINISHED if state in selection.states]
        parts += [Matching(source, f"image.state = '{state.name}'{where}", (*keys, *values)) for state in finished]
        unfinished = " OR ".join(test for state, test in _IN_PROGRESS.items() if state in selection.states)
        if unfinished:
            test = f"image.state = 'IN_PROGRESS' AND ({unfinished}){where}"
            parts.append(Matching(f"{source} {join}", test, (*keys, *bounds, *values), _LOST))
    return parts


async def known_hosts(session: Session) -> set[str]:
    """Return every host, with a port of its own where it has one, that images are fetched from."""
    return {host for (host,) in await session.rows(_HOSTS)}


def add_items(session: Session, number: int, selection: Selection, selected: Sequence[Matching], rules: TodaysRules) -> None:
    """Write the items of the run."""
    refused = sorted(rules.refused_hosts)
    paused = sorted(rules.paused_shops)
    in_paused = f"image.shop_no IN ({', '.join(['%s'] * len(paused))})" if paused else "FALSE"
    refused_host = f"image.source_host IN ({', '.join(['%s'] * len(refused))})" if refused else "FALSE"
    overridden = selection.overrides
    values = (
        number, selection.include_good, *paused,
        Override.ADDRESS_REFUSED in overridden, *refused,
        Override.SIZE_REFUSED in overridden, rules.max_bytes,
        Override.REPUBLISHED_OFTEN in overridden, MAX_REPUBLISHES,
    )  # fmt: skip
    for part in selected:
        sql = _ADD.format(
            lost=part.lost, paused=in_paused, refused_host=refused_host, too_large=_TOO_LARGE_TODAY, source=part.source, where=part.where
        )
        session.enqueue(sql, (*values, *part.parameters))


def _joined_bounds(offsets: Mapping[TopicPartition, PartitionOffsets]) -> tuple[str, tuple[Any, ...]]:
    """Return the join with the offset below which the rows of each partition are lost; `offsets` must not be empty."""
    flat = [value for (topic, partition), found in offsets.items() for value in (topic, partition, lost_below(found))]
    return (
        f"LEFT JOIN ({values_table(('topic', 'part', 'below'), len(offsets))}) bound"
        " ON bound.topic = image.topic AND bound.part = image.`partition`"
    ), tuple(flat)


def _sources(selection: Selection) -> list[tuple[str, tuple[Any, ...]]]:
    """Return the tables to read, with the parameters in them."""
    if not selection.images:
        narrow = selection.shops or selection.cause or selection.product_id
        return [("image" if narrow else "image FORCE INDEX (by_state)", ())]
    found: list[tuple[str, tuple[Any, ...]]] = []
    for group in groups(sorted({image.key for image in selection.images})):
        named = f"({values_table(('s', 'i'), len(group))}) x STRAIGHT_JOIN image ON image.shop_no = x.s AND image.image_id = x.i"
        found.append((named, tuple(part for key in group for part in key)))
    return found


def _conditions(selection: Selection) -> tuple[str, tuple[Any, ...]]:
    """Return what else a row has to meet, each condition after an AND."""
    found: list[tuple[str, Sequence[Any]]] = []
    for column, values in (("shop_no", selection.shops), ("error_code", selection.codes), ("source_host", selection.hosts)):
        if values:
            found.append((f"image.{column} IN ({', '.join(['%s'] * len(values))})", values))
    for column, value in (("fingerprint", selection.cause), ("judged_by", selection.judged_by), ("product_id", selection.product_id)):
        if value is not None:
            found.append((f"image.{column} = %s", (value,)))
    if selection.since is not None:
        found.append(("image.updated_at >= %s", (_utc(selection.since),)))
    if selection.until is not None:
        found.append(("image.updated_at < %s", (_utc(selection.until),)))
    return "".join(f" AND {condition}" for condition, _ in found), tuple(value for _, values in found for value in values)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
