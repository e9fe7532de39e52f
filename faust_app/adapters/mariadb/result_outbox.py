"""The table `result_outbox`: what is to be told, written by the transaction that makes it true."""

from collections.abc import Sequence
from typing import Any, Final

from faust_app.adapters.mariadb.database import Session
from faust_app.core.results.body import body_of
from faust_app.core.results.result import Result

_ADD: Final = "INSERT INTO result_outbox (at, shop_no, image_id, body) VALUES "


def add_results(session: Session, results: Sequence[Result]) -> None:
    """Add the results inside the caller's transaction, which has their rows locked: those of one image follow each other by id."""
    if results:
        flat: list[Any] = []
        for result in results:
            flat += (result.at, result.shop_no, result.image_id, body_of(result))
        session.enqueue(_ADD + ",".join(["(%s,%s,%s,%s)"] * len(results)), flat)
