"""How flows keep what was refused at the entry points, and how pages read it."""

from collections.abc import Sequence
from typing import Protocol

from faust_app.core.messages.rejection import KeptRejection, Rejection


class Rejections(Protocol):
    """What was refused at the entry points. Every method raises Unavailable."""

    async def add(self, rejections: Sequence[Rejection]) -> None:
        """Keep the rejections; a record that was kept already is left as it is."""
        ...

    async def of_shop(self, shop_no: int, before: int | None, limit: int) -> list[KeptRejection]:
        """Return up to `limit` rejections of a shop, newest first, continuing before the one numbered `before`."""
        ...

    async def of_import(self, run: int, after: int, limit: int) -> list[KeptRejection]:
        """Return up to `limit` rejected lines of an import in the order of the file, continuing after the one numbered `after`."""
        ...

    async def of_records(self, before: int | None, limit: int) -> list[KeptRejection]:
        """Return up to `limit` records that nobody could read, newest first, continuing before the one numbered `before`."""
        ...
