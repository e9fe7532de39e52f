"""Sessions of shops on the real tables; and the fake keeps the same contract."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.report_sessions import MariaReportSessions
from faust_app.adapters.mariadb.retention import MariaOldRows
from faust_app.core.operators.access import Sender
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.reports.link import ALL_RIGHTS, ReportLink
from faust_app.core.reports.session import ReportSession
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.reports import ReportSessions
from faust_app.flows.reports.enter import Entered, ReportAccess, Visitor
from faust_app.settings import Settings
from tests.fakes.operators import FakeOperators
from tests.fakes.reports import FakeReportSessions

SECRET = "s" * 32
ACTOR = Actor("anna")


@pytest.fixture(params=["fake", "mariadb"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[tuple[ReportSessions, Clock]]:
    if request.param == "fake":
        store = FakeOperators()
        yield FakeReportSessions(store), store
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 4) as database:
        yield MariaReportSessions(database), database


def new_session(shop_no: int, now: datetime) -> tuple[ReportLink, ReportSession, bytes]:
    link = ReportLink(shop_no, ALL_RIGHTS, 1_790_000_000, secrets.token_urlsafe(24))
    return link, ReportSession(0, shop_no, ALL_RIGHTS, True, now, now, "203.0.113.7", "Firefox"), secrets.token_bytes(32)


async def test_a_session_reads_back_as_it_was_opened(kept: tuple[ReportSessions, Clock], shop_no: int) -> None:
    sessions, clock = kept
    now = await clock.now()
    link, session, token = new_session(shop_no, now)
    opened = await sessions.open(link, session, token, AuditEntry(now, ACTOR, "report.enter", "shop"))
    found = await sessions.find(token)
    assert opened is not None
    assert found is not None
    assert found[0] == opened
    assert found[1] >= now
    assert await sessions.find(secrets.token_bytes(32)) is None


async def test_of_two_who_use_a_link_at_once_one_comes_in(kept: tuple[ReportSessions, Clock], shop_no: int) -> None:
    sessions, clock = kept
    access = ReportAccess(sessions, SECRET, clock=clock)
    made = await access.make_link(shop_no, ALL_RIGHTS)
    assert made is not None
    results = await asyncio.gather(*[access.enter(made.link, Visitor(None, "")) for _ in range(8)])
    (entered,) = [result for result in results if isinstance(result, Entered)]
    assert {result for result in results if result is not entered} == {"used"}
    assert await access.identify(entered.token, framed=False) == Sender(
        f"shop {shop_no}", frozenset({"view", "retry"}), frozenset({shop_no}), visit=entered.session.number
    )
    assert await access.identify(entered.token, framed=True) is None


async def test_a_session_ends_once_and_all_of_a_shop_end_together(kept: tuple[ReportSessions, Clock], shop_no: int) -> None:
    sessions, clock = kept
    access = ReportAccess(sessions, SECRET, clock=clock)
    entered = []
    for shop in (shop_no, shop_no, shop_no, shop_no + 500_000):
        made = await access.make_link(shop, ALL_RIGHTS)
        assert made is not None
        result = await access.enter(made.link, Visitor(None, "Firefox"))
        assert isinstance(result, Entered)
        entered.append(result)
    sender = await access.identify(entered[0].token, framed=False)
    assert sender is not None
    await access.leave(sender, ACTOR)
    await access.leave(sender, ACTOR)
    assert await access.identify(entered[0].token, framed=False) is None
    assert await access.revoke_all(shop_no, ACTOR) == 2
    assert [await access.identify(each.token, framed=False) is None for each in entered] == [True, True, True, False]
    assert await access.revoke_all(shop_no, ACTOR) == 0


async def test_old_sessions_and_used_links_are_forgotten(settings: Settings, shop_no: int) -> None:
    async with Database.connect(settings.database, 2) as database:
        now, rows = await database.now(), MariaOldRows(database)
        long_ago = now - timedelta(days=800)
        link, session, token = new_session(shop_no, long_ago)
        old = ReportLink(shop_no, link.rights, int((long_ago - datetime(1970, 1, 1)).total_seconds()), link.nonce)  # noqa: DTZ001
        await MariaReportSessions(database).open(old, session, token, AuditEntry(now, ACTOR, "report.enter", "shop"))
        before = now - timedelta(days=700)
        assert [await rows.forget_report_sessions(before, 10), await rows.forget_report_links(before, 10)] == [1, 1]
        assert [await rows.forget_report_sessions(before, 10), await rows.forget_report_links(before, 10)] == [0, 0]
