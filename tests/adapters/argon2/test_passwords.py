"""Hashes of passwords, by the real library."""

import asyncio
import time

from argon2 import PasswordHasher

from faust_app.adapters.argon2.passwords import Argon2Passwords


async def test_a_hash_is_argon2id_salted_and_matches_its_password_alone() -> None:
    passwords = Argon2Passwords()
    first, second = await passwords.hash("correct horse"), await passwords.hash("correct horse")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert await passwords.verify(first, "correct horse")
    assert not await passwords.verify(first, "correct horsE")
    assert not await passwords.verify("no hash", "correct horse")
    passwords.close()


async def test_a_name_without_a_hash_costs_as_much_and_never_matches() -> None:
    passwords = Argon2Passwords()
    known = await passwords.hash("x")
    await passwords.verify(None, "warm")

    async def best(password_hash: str | None) -> float:
        spans = []
        for _ in range(5):
            begun = time.perf_counter()
            assert not await passwords.verify(password_hash, "nobody's passworD")
            spans.append(time.perf_counter() - begun)
        return min(spans)

    with_hash, without = await best(known), await best(None)
    assert without > with_hash / 3
    assert not await passwords.verify(None, "nobody's password")
    passwords.close()


async def test_an_older_hash_is_told_apart() -> None:
    passwords = Argon2Passwords()
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("x"))
    assert not passwords.is_outdated(await passwords.hash("x"))
    passwords.close()


async def test_hashing_leaves_the_event_loop_free() -> None:
    passwords = Argon2Passwords()
    work = [asyncio.create_task(passwords.hash("x")) for _ in range(10)]
    longest = 0.0
    while not all(task.done() for task in work):
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - begun)
    assert longest < 0.15, "ten hashes in the loop would block it for longer"
    passwords.close()
