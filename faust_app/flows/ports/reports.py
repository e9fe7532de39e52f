"""Where the pages of shops get what they show, and keep who was let in. Every method raises Unavailable."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from faust_app.core.images.row import ImageRow
from faust_app.core.operators.audit import AuditEntry
from faust_app.core.reports.link import ReportLink
from faust_app.core.reports.mend import Fetching, PicturelessProduct, ShopCounts, Tally
from faust_app.core.reports.session import ReportSession
from faust_app.core.reports.test_fetch import TestFetch, TestResult


class ReportSessions(Protocol):
    """Sessions of the people of shops, and the links that were used."""

    async def open(self, link: ReportLink, session: ReportSession, token_hash: bytes, audit: AuditEntry) -> ReportSession | None:
        """Use the link and store the session, in one transaction; None if the link was used before. Of two at once, one opens."""
        ...

    async def find(self, token_hash: bytes) -> tuple[ReportSession, datetime] | None:
        """Return the session of a token, and the time."""
        ...

    async def saw(self, number: int) -> None:
        """Store that the session was used now."""
        ...

    async def revoke(self, number: int, audit: AuditEntry) -> bool:
        """End the session; return whether it was not ended yet."""
        ...

    async def revoke_all(self, shop_no: int, audit: AuditEntry) -> int:
        """End every session of the shop, and return how many."""
        ...


class MendRows(Protocol):
    """The images of a shop that failed or are tried again."""

    async def tallies(self, shop_no: int) -> list[Tally]:
        """Count them by cause, release, and whether a picture is shown."""
        ...

    async def counts(self, shop_no: int) -> ShopCounts:
        """Count the shop's images by state."""
        ...

    async def pictureless(self, shop_no: int) -> int:
        """Count products that have a failed image and show no picture."""
        ...

    async def fetched_of(self, shop_no: int, since: datetime, until: datetime) -> Fetching:
        """Return how far the images are that were asked for last between two times; reads every row of the shop."""
        ...

    async def images(self, shop_no: int, mends: Sequence[str], after: bytes, limit: int) -> list[ImageRow]:
        """Return up to `limit` images whose column `mend` is one of these texts, by id, after an id."""
        ...

    async def products(self, shop_no: int, after: str, limit: int) -> list[PicturelessProduct]:
        """Return up to `limit` products that have a failed image and show no picture, by product id, after one."""
        ...

    async def search(self, shop_no: int, text: str, limit: int) -> list[ImageRow]:
        """Return up to `limit` images of the shop by the name or SKU of their product, by id, by file name or by address.

        What is the text, or begins with it, comes before what contains it, which is searched only as far as that is quick.
        """
        ...


class TestFetches(Protocol):
    """Test fetches that shops ask for and workers run."""

    async def ask(self, shop_no: int, url: str, asked_by: str) -> TestFetch | None:
        """Add a test; None if the shop has asked for A_MINUTE within the last minute."""
        ...

    async def get(self, shop_no: int, number: int) -> TestFetch | None:
        """Return the shop's test."""
        ...

    async def take(self, worker: str, limit: int) -> list[TestFetch]:
        """Take up to `limit` tests that wait and have not expired; two workers never take the same."""
        ...

    async def end(self, number: int, result: TestResult) -> None:
        """Store what the worker met."""
        ...
