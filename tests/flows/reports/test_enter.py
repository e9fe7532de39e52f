"""How the people of a shop come in, and when they are out again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.operators.audit import Actor
from faust_app.core.reports.link import ALL_RIGHTS, ONLY_VIEW, LinkProblem, Right
from faust_app.core.reports.session import ABSOLUTE, IDLE
from faust_app.flows.reports.enter import Entered, ReportAccess, Visitor
from tests.fakes.operators import FakeOperators
from tests.fakes.reports import FakeReportSessions

SECRET = "s" * 32
VISITOR = Visitor("203.0.113.7", "Firefox")


class Door:
    def __init__(self, secret: str | None = SECRET) -> None:
        self.store = FakeOperators()
        self.sessions = FakeReportSessions(self.store)
        self.access = ReportAccess(self.sessions, secret, clock=self.store)

    async def link(self, rights: frozenset[Right] = ONLY_VIEW) -> str:
        made = await self.access.make_link(7, rights)
        assert made is not None
        return made.link

    async def entered(self, rights: frozenset[Right] = ONLY_VIEW) -> str:
        result = await self.access.enter(await self.link(rights), VISITOR)
        assert isinstance(result, Entered)
        return result.token

    async def is_in(self, token: str) -> bool:
        return await self.access.identify(token, framed=False) is not None


async def test_without_a_secret_no_link_is_made_and_none_opens() -> None:
    off = Door(None)
    assert await off.access.make_link(7, ONLY_VIEW) is None
    assert await off.access.enter(await Door().link(), VISITOR) is LinkProblem.INVALID


async def test_a_link_of_another_secret_opens_nothing() -> None:
    assert await Door("o" * 32).access.enter(await Door().link(), VISITOR) is LinkProblem.INVALID


@pytest.mark.parametrize(
    ("rights", "scopes"), [(ONLY_VIEW, {"view"}), (ALL_RIGHTS, {"view", "retry"}), (frozenset({Right.RETRY}), {"view", "retry"})]
)
async def test_a_session_has_the_rights_of_its_link(rights: frozenset[Right], scopes: set[str]) -> None:
    door = Door()
    sender = await door.access.identify(await door.entered(rights), framed=False)
    assert sender is not None
    assert (set(sender.scopes), set(sender.shops or ())) == (scopes, {7})
    assert not sender.may("operate")


async def test_a_link_is_used_once_and_over_after_five_minutes() -> None:
    door = Door()
    link = await door.link()
    assert isinstance(await door.access.enter(link, VISITOR), Entered)
    assert await door.access.enter(link, VISITOR) is LinkProblem.USED
    late = await door.link()
    door.store.let_pass(timedelta(minutes=5))
    assert await door.access.enter(late, VISITOR) is LinkProblem.EXPIRED


async def test_a_session_lasts_twelve_hours_at_most_and_two_without_a_request() -> None:
    door = Door()
    used, unused = await door.entered(), await door.entered()
    for _ in range(int(ABSOLUTE / (IDLE / 2)) - 1):
        door.store.let_pass(IDLE / 2)
        assert await door.is_in(used)
    assert not await door.is_in(unused)
    door.store.let_pass(IDLE / 2)
    assert not await door.is_in(used)


async def test_the_audit_says_who_came_in_and_has_neither_link_nor_token() -> None:
    door = Door()
    link = await door.link(ALL_RIGHTS)
    entered = await door.access.enter(link, replace(VISITOR, framed=True))
    assert isinstance(entered, Entered)
    (row,) = door.store.audit
    assert (row.actor, row.action, row.detail) == (Actor("shop 7", "203.0.113.7"), "report.enter", {"rights": "view,retry", "framed": True})
    assert link.split(".")[3] not in str(row)
    assert entered.token not in str(row)
