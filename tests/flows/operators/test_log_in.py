"""Logging in: who enters, who waits, and what a flood may take."""

import asyncio
from datetime import timedelta

import pytest

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.operators.access import ABSOLUTE, IDLE, ONE_TIME_LASTS, Account, Role, Sender
from faust_app.core.operators.audit import Actor
from faust_app.core.operators.lockout import FORGOTTEN, FREE
from faust_app.flows.operators.accounts import AccountControl, Done, OneTime, Refused
from faust_app.flows.operators.log_in import AT_ONCE, OF_ONE_NETWORK, WAITING, Device, LoggedIn, LogIn, Slowed, Wrong
from faust_app.metrics import Metrics
from tests.fakes.operators import FakeAccounts, FakeHasher, FakeLogInFailures, FakeOperators, FakeSessions

PASSWORD = "correct horse battery"
HOME, ATTACKER = Device("203.0.113.7", "Firefox"), Device("198.51.100.1", "curl")


class Door:
    """The flows over fakes, with one account."""

    def __init__(self) -> None:
        self.store, self.hasher, self.metrics = FakeOperators(), FakeHasher(), Metrics()
        accounts, sessions = FakeAccounts(self.store), FakeSessions(self.store)
        self.flow = LogIn(accounts, sessions, FakeLogInFailures(self.store), self.hasher, self.metrics, clock=self.store)
        self.control = AccountControl(accounts, sessions, self.hasher, Actor("root"), clock=self.store)
        self.store.accounts["anna"] = Account("anna", Role.OPERATE, None, self.store.now_is, password_hash=f"1:{PASSWORD}")

    async def enter(self, password: str = PASSWORD, device: Device = HOME, name: str = "anna") -> LoggedIn | Wrong | Slowed:
        return await self.flow.with_password(name, password, device)

    async def token(self) -> str:
        entered = await self.enter()
        assert isinstance(entered, LoggedIn)
        return entered.token

    def counted(self, end: str) -> float:
        return self.metrics.registry.get_sample_value("shop_images_log_ins_total", {"end": end}) or 0


@pytest.fixture
def door() -> Door:
    return Door()


async def test_whoever_knows_the_password_gets_a_session_with_the_rights_of_now(door: Door) -> None:
    entered = await door.enter()
    assert isinstance(entered, LoggedIn)
    assert entered.token not in repr(door.store.tokens)
    assert await door.flow.identify(entered.token) == Sender("anna", Role.OPERATE.scopes, None, entered.session.number)
    await door.control.set_role("anna", Role.VIEW)
    await door.control.set_shops("anna", frozenset({7}))
    assert await door.flow.identify(entered.token) == Sender("anna", Role.VIEW.scopes, frozenset({7}), entered.session.number)
    assert [row.action for row in door.store.audit][:1] == ["session.log-in"]
    assert door.counted("success") == 1


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("bert", PASSWORD), ("", ""), ("anna", PASSWORD + " " * 500)])
async def test_whatever_is_wrong_the_answer_and_its_cost_are_the_same(door: Door, name: str, password: str) -> None:
    assert await door.enter(password, name=name) == Wrong()
    assert door.hasher.computed == 1
    assert door.store.sessions == {}
    assert door.counted("wrong") == 1


async def test_a_disabled_account_and_one_without_a_password_do_not_enter(door: Door) -> None:
    await door.control.disable("anna")
    assert await door.enter() == Wrong()
    await door.control.enable("anna")
    assert isinstance(await door.enter(), LoggedIn)
    await door.control.add("carl", Role.VIEW, None, None)
    assert await door.enter("", name="carl") == Wrong()


async def test_failures_slow_down_their_network_and_not_the_owner(door: Door) -> None:
    for _ in range(FREE + 1):
        assert await door.enter("wrong", ATTACKER) == Wrong()
    computed = door.hasher.computed
    assert await door.enter(PASSWORD, ATTACKER) == Slowed(30.0)
    assert door.hasher.computed == computed, "nothing is tried while it waits"
    assert isinstance(await door.enter(device=HOME), LoggedIn)
    door.store.let_pass(timedelta(seconds=30))
    assert await door.enter("wrong", ATTACKER) == Wrong()
    assert await door.enter("wrong", ATTACKER) == Slowed(60.0)
    door.store.let_pass(FORGOTTEN)
    assert await door.enter("wrong", ATTACKER) == Wrong()
    assert await door.enter("wrong", ATTACKER) == Wrong()


async def test_a_success_forgets_the_failures_before_it(door: Door) -> None:
    for _ in range(3):
        for _ in range(FREE):
            assert await door.enter("wrong") == Wrong()
        assert isinstance(await door.enter(), LoggedIn)


async def test_a_name_without_an_account_waits_as_one_with_it(door: Door) -> None:
    for _ in range(FREE + 1):
        await door.enter("wrong", ATTACKER, name="nobody")
    assert await door.enter("wrong", ATTACKER, name="nobody") == Slowed(30.0)


async def test_a_flood_of_one_network_takes_three_places_and_many_networks_a_bounded_number(door: Door) -> None:
    free = asyncio.Event()
    running = 0

    async def slow(_hash: str | None, _password: str) -> bool:
        nonlocal running
        running += 1
        await free.wait()
        return False

    door.hasher.verify = slow  # type: ignore[assignment,method-assign]
    flood = [asyncio.create_task(door.enter("x", ATTACKER)) for _ in range(50)]
    others = [asyncio.create_task(door.enter("x", Device(f"192.0.2.{n}", ""))) for n in range(AT_ONCE + WAITING + 10)]
    await asyncio.sleep(0.01)
    assert running == AT_ONCE
    refused = [task.result() for task in [*flood, *others] if task.done()]
    assert set(refused) == {Slowed(2.0, busy=True)}
    assert sum(task.done() for task in flood) == len(flood) - OF_ONE_NETWORK
    assert len(refused) == len(flood) + len(others) - AT_ONCE - WAITING
    free.set()
    ended = await asyncio.gather(*flood, *others)
    assert ended.count(Wrong()) == AT_ONCE + WAITING


async def test_two_clicks_on_log_in_enter_twice(door: Door) -> None:
    assert [type(result) for result in await asyncio.gather(door.enter(), door.enter())] == [LoggedIn, LoggedIn]


async def test_attempts_side_by_side_wait_after_the_fifth_failure(door: Door) -> None:
    for _ in range(FREE - 1):
        await door.enter("wrong", ATTACKER)
    ended = await asyncio.gather(*(door.enter("wrong", ATTACKER) for _ in range(OF_ONE_NETWORK)))
    assert ended == [Wrong(), Wrong(), Slowed(30.0)]


async def test_a_place_is_free_again_whatever_happened(door: Door) -> None:
    door.store.failure = Unavailable(Dependency.DATABASE)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await door.enter()
    door.store.failure = None
    assert isinstance(await door.enter(), LoggedIn)


async def test_a_session_ends_idle_old_revoked_and_with_its_account(door: Door) -> None:
    token = await door.token()
    door.store.let_pass(IDLE - timedelta(seconds=1))
    assert await door.flow.identify(token) is not None
    door.store.let_pass(IDLE)
    assert await door.flow.identify(token) is None
    token = await door.token()
    for _ in range(int(ABSOLUTE / timedelta(minutes=20))):
        assert await door.flow.identify(token) is not None
        door.store.let_pass(timedelta(minutes=20))
    assert await door.flow.identify(token) is None
    token = await door.token()
    await door.control.log_out("anna")
    assert await door.flow.identify(token) is None
    token = await door.token()
    await door.control.set_password("anna", "another long sentence")
    assert await door.flow.identify(token) is None
    assert await door.flow.identify("") is None
    assert await door.flow.identify("\ud800") is None


async def test_whoever_logs_out_ends_that_session_alone(door: Door) -> None:
    first, second = await door.token(), await door.token()
    sender = await door.flow.identify(first)
    assert sender is not None
    await door.flow.log_out(sender, Actor("anna", "203.0.113.7"))
    assert await door.flow.identify(first) is None
    assert await door.flow.identify(second) is not None


async def test_a_code_enters_once_within_ten_minutes_and_the_newest_alone(door: Door) -> None:
    offered = [await door.control.one_time("anna") for _ in range(2)]
    old, new = [offer.code for offer in offered if isinstance(offer, OneTime)]
    assert await door.flow.with_code(old, HOME) == Wrong()
    assert isinstance(await door.flow.with_code(new, HOME), LoggedIn)
    assert await door.flow.with_code(new, HOME) == Wrong()
    late = await door.control.one_time("anna")
    assert isinstance(late, OneTime)
    door.store.let_pass(ONE_TIME_LASTS)
    assert await door.flow.with_code(late.code, HOME) == Wrong()
    assert new not in repr(door.store.audit)


async def test_a_code_of_a_disabled_account_is_void(door: Door) -> None:
    offer = await door.control.one_time("anna")
    assert isinstance(offer, OneTime)
    await door.control.disable("anna")
    assert await door.flow.with_code(offer.code, HOME) == Wrong()
    refused = await door.control.one_time("anna")
    assert isinstance(refused, Refused)
    assert "disabled" in refused.reason


async def test_a_password_is_hashed_anew_when_the_parameters_changed(door: Door) -> None:
    door.hasher.version = 2
    await door.token()
    assert door.store.accounts["anna"].password_hash == f"2:{PASSWORD}"
    assert isinstance(await door.enter(), LoggedIn)


async def test_what_an_account_may_not_be_is_refused_by_its_field(door: Door) -> None:
    refusals = [
        await door.control.add("Anna", Role.VIEW, None, PASSWORD),
        await door.control.add("bert", Role.VIEW, None, "short"),
        await door.control.add("anna", Role.VIEW, None, PASSWORD),
        await door.control.set_password("anna", "anna's password"),
        await door.control.set_password("bert", PASSWORD),
        await door.control.set_role("bert", Role.VIEW),
        await door.control.set_shops("bert", None),
        await door.control.disable("bert"),
        await door.control.enable("bert"),
        await door.control.log_out("bert"),
        await door.control.one_time("bert"),
    ]
    assert [result.field for result in refusals if isinstance(result, Refused)] == [
        "name", "password", "name", "password", "name", "name", "name", "name", "name", "name", "name",
    ]  # fmt: skip
    assert door.store.audit == []
    assert list(door.store.accounts) == ["anna"]


async def test_every_change_of_an_account_is_audited_without_secrets(door: Door) -> None:
    await door.token()
    for result in (
        await door.control.add("bert", Role.ADMIN, frozenset({8, 7}), PASSWORD),
        await door.control.set_role("anna", Role.ADMIN),
        await door.control.set_shops("anna", frozenset({7})),
        await door.control.set_password("anna", "another long sentence"),
        await door.control.disable("anna"),
        await door.control.enable("anna"),
        await door.control.log_out("anna"),
    ):
        assert isinstance(result, Done)
    assert [(row.action, row.actor.name, row.target) for row in door.store.audit[1:]] == [
        ("user.add", "root", "user bert"),
        ("user.role", "root", "user anna"),
        ("user.shops", "root", "user anna"),
        ("user.password", "root", "user anna"),
        ("user.disable", "root", "user anna"),
        ("user.enable", "root", "user anna"),
        ("user.log-out", "root", "user anna"),
    ]
    assert door.store.audit[1].detail == {"role": "admin", "shops": [7, 8], "password": True}
    assert "sentence" not in repr(door.store.audit)
