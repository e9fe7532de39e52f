"""Counts images by state, for `shop-images status` and `import`."""

from dataclasses import dataclass
from datetime import datetime

from faust_app.adapters.mariadb.database import Database
from faust_app.core.images.row import ImageState


@dataclass(frozen=True, slots=True)
class StateCount:
    """The number of images in one state, and their stored bytes."""

    state: ImageState
    images: int
    bytes: int


class MariaImageCounts:
    """Counts rows of `image`. Raises Unavailable when the database is unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_state(self, *, shop_no: int | None = None, requested_since: datetime | None = None) -> list[StateCount]:
        """Return the counts by state: of all images, or of one shop's, or of those requested since a time (UTC)."""
        conditions, parameters = ["TRUE"], list[int | datetime]()
        if shop_no is not None:
            conditions.append("shop_no = %s")
            parameters.append(shop_no)
        if requested_since is not None:
            conditions.append("requested_at >= %s")
            parameters.append(requested_since)
        sql = f"SELECT state, COUNT(*), COALESCE(SUM(bytes), 0) FROM image WHERE {' AND '.join(conditions)} GROUP BY state"  # noqa: S608
        return [StateCount(ImageState(state), images, int(size)) for state, images, size in await self._database.rows(sql, parameters)]

    async def due(self) -> tuple[int, datetime | None]:
        """Return how many images are due, and since when the oldest unfinished one has been in progress (UTC)."""
        sql = (
            "SELECT (SELECT COUNT(*) FROM image WHERE wake_at <= UTC_TIMESTAMP(6)),"
            " (SELECT MIN(open_since) FROM image WHERE open_since IS NOT NULL)"
        )
        ((count, oldest),) = await self._database.rows(sql)
        return count, oldest
