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
from faust_app.core.republish.items import MAX_REPUBLISHES, TodaysRules
from faust_app.core.republish.selection import Override, SelectedState, Selection

# A lost row has no time, and its event is below what its partition still has to deliver, or in a partition nobody consumes.
_LOST: Final = "(image.scheduled_at IS NULL AND (image.topic IS NULL OR bound.below IS NULL OR image.`offset` < bound.below))"
_STATES: Final[Mapping[SelectedState, str]] = {
    SelectedState.FAILED: "image.state = 'FAILED'",
    SelectedState.DONE: "image.state = 'DONE'",
    SelectedState.DELETED: "image.state = 'DELETED'",
    SelectedState.SCHEDULED: "(image.state = 'IN_PROGRESS' AND image.scheduled_at IS NOT NULL)",
    SelectedState.LOST: f"(image.state = 'IN_PROGRESS' AND {_LOST})",
    SelectedState.QUEUED: f"(image.state = 'IN_PROGRESS' AND image.scheduled_at IS NULL AND NOT {_LOST})",
}
_TOO_LARGE_TODAY: Final = (
    "(image.error_code IN ('too_many_pixels', 'side_too_long', 'too_many_frames') OR (image.error_code = 'too_large'"
    " AND COALESCE(CAST(NULLIF(REGEXP_SUBSTR(image.error_detail, '[0-9]+'), '') AS UNSIGNED), 18446744073709551615) >= %s))"
)
_ADD: Final = """
INSERT INTO republish_item (run_id, shop_no, image_id, version, former_state, former_code, status)
SELECT %s, image.shop_no, image.image_id, image.version, image.state, image.error_code, CASE
    WHEN image.state = 'DELETED' THEN 'deleted'
    WHEN image.state = 'DONE' AND NOT %s THEN 'good'
    WHEN image.state = 'IN_PROGRESS' AND NOT {lost} THEN 'in_flight'
    WHEN NOT %s AND {refused_host} THEN 'address_refused'
    WHEN NOT %s AND {too_large} THEN 'size_refused'
    WHEN NOT %s AND image.republishes >= %s THEN 'republished_often'
    ELSE 'planned' END
FROM {source} WHERE {where}
"""
_UNUSUAL_HOSTS: Final = "SELECT DISTINCT image.source_host FROM {source} WHERE {where} AND image.source_host REGEXP '^[[0-9]|:'"
"""Hosts that are written as an address or with a port: the only ones whose refusal does not need a resolver."""


@dataclass(frozen=True, slots=True)
class Matching:
    """The FROM and WHERE clauses of a selection, with their parameters in order."""

    source: str
    where: str
    parameters: tuple[Any, ...]


def matching(selection: Selection, offsets: Offsets) -> list[Matching]:
    """Return the clauses that match the selection: one pair, or one for every 500 named images."""
    join, bounds = _joined_bounds(offsets)
    where, values = _conditions(selection)
    if not selection.images:
        return [Matching(f"image {join}", where, (*bounds, *values))]
    found = []
    for group in groups(sorted({image.key for image in selection.images})):
        named = f"({values_table(('s', 'i'), len(group))}) x STRAIGHT_JOIN image ON image.shop_no = x.s AND image.image_id = x.i"
        keys = [part for key in group for part in key]
        found.append(Matching(f"{named} {join}", where, (*keys, *bounds, *values)))
    return found


async def unusual_hosts(session: Session, selected: Sequence[Matching]) -> set[str]:
    """Return the hosts of the matching images that are written as an address or with a port."""
    hosts: set[str] = set()
    for part in selected:
        sql = _UNUSUAL_HOSTS.format(source=part.source, where=part.where)
        hosts |= {host for (host,) in await session.rows(sql, part.parameters)}
    return hosts


async def add_items(session: Session, number: int, selection: Selection, selected: Sequence[Matching], rules: TodaysRules) -> None:
    """Write the items of the run."""
    refused = sorted(rules.refused_hosts)
    refused_host = f"image.source_host IN ({', '.join(['%s'] * len(refused))})" if refused else "FALSE"
    overridden = selection.overrides
    values = (
        number, selection.include_good,
        Override.ADDRESS_REFUSED in overridden, *refused,
        Override.SIZE_REFUSED in overridden, rules.max_bytes,
        Override.REPUBLISHED_OFTEN in overridden, MAX_REPUBLISHES,
    )  # fmt: skip
    for part in selected:
        sql = _ADD.format(lost=_LOST, refused_host=refused_host, too_large=_TOO_LARGE_TODAY, source=part.source, where=part.where)
        await session.change(sql, (*values, *part.parameters))


def _joined_bounds(offsets: Mapping[TopicPartition, PartitionOffsets]) -> tuple[str, tuple[Any, ...]]:
    """Return the join with the offset below which the rows of each partition are lost; `offsets` must not be empty."""
    flat = [value for (topic, partition), found in offsets.items() for value in (topic, partition, lost_below(found))]
    return (
        f"LEFT JOIN ({values_table(('topic', 'part', 'below'), len(offsets))}) bound"
        " ON bound.topic = image.topic AND bound.part = image.`partition`"
    ), tuple(flat)


def _conditions(selection: Selection) -> tuple[str, tuple[Any, ...]]:
    states = " OR ".join(_STATES[state] for state in dict.fromkeys(selection.states))
    found: list[tuple[str, Sequence[Any]]] = [(f"({states})", ())]
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
    return " AND ".join(condition for condition, _ in found), tuple(value for _, values in found for value in values)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
