"""Passwords, kept only as salted argon2id hashes."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest
from passlib.hash import argon2  # type: ignore[import-untyped]  # libpass ships no types.

from app.domain.errors import InvalidInput
from app.infra.passwords import Argon2PasswordHasher


@pytest.fixture
async def passwords() -> AsyncIterator[Argon2PasswordHasher]:
    passwords = Argon2PasswordHasher(threads=2)
    yield passwords
    await passwords.aclose()


async def test_the_right_password_is_accepted_and_no_other(passwords: Argon2PasswordHasher) -> None:
    kept = await passwords.hash("correct horse battery")
    assert await passwords.verify("correct horse battery", kept)
    for other in ("correct horse batterx", "correct horse battery ", "", "Correct horse battery"):
        assert not await passwords.verify(other, kept)


async def test_a_hash_is_salted_argon2id_with_at_least_what_owasp_asks_for(passwords: Argon2PasswordHasher) -> None:
    first, second = await passwords.hash("the same password"), await passwords.hash("the same password")
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "password" not in first
    assert not passwords.outdated(first)


async def test_nothing_of_a_long_password_is_cut_off(passwords: Argon2PasswordHasher) -> None:
    kept = await passwords.hash("x" * 127 + "y")
    assert not await passwords.verify("x" * 127 + "z", kept)
    kept = await passwords.hash("before\0after")
    assert not await passwords.verify("before\0other", kept)


async def test_an_unknown_user_has_no_password(passwords: Argon2PasswordHasher) -> None:
    assert not await passwords.verify("any password", None)
    assert not await passwords.verify("", None)


@pytest.mark.slow
async def test_an_unknown_user_takes_as_long_as_a_wrong_password(passwords: Argon2PasswordHasher) -> None:
    kept = await passwords.hash("correct horse battery")
    times: dict[str | None, list[float]] = {kept: [], None: []}
    for _ in range(25):  # In turns, so that a busy machine slows both.
        for password_hash, taken in times.items():
            begun = time.perf_counter()
            await passwords.verify("a wrong password", password_hash)
            taken.append(time.perf_counter() - begun)
    known, unknown = statistics.median(times[kept]), statistics.median(times[None])
    assert 0.5 < unknown / known < 2


@pytest.mark.parametrize("password", ["half a character \ud800", "x" * 4097])
async def test_what_cannot_be_hashed_is_an_error_of_ours(passwords: Argon2PasswordHasher, password: str) -> None:
    with pytest.raises(InvalidInput):
        await passwords.hash(password)
    assert not await passwords.verify(password, await passwords.hash("another password"))
    assert not await passwords.verify(password, None)


@pytest.mark.parametrize(
    "damaged", ["", "é", "plain text", "$argon2id$v=19$m=19456,t=2,p=1$COEc4xxjbA1B6J0T", "$2b$12$x", "\ud800"]
)
async def test_a_damaged_hash_lets_nobody_in(passwords: Argon2PasswordHasher, damaged: str) -> None:
    assert not await passwords.verify("any password", damaged)


async def test_a_hash_of_another_scheme_is_outdated(passwords: Argon2PasswordHasher) -> None:
    assert passwords.outdated("$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m")
    assert passwords.outdated("")


async def test_a_weaker_hash_still_works_but_is_outdated(passwords: Argon2PasswordHasher) -> None:
    weaker = argon2.using(type="ID", memory_cost=8192, rounds=1, parallelism=1).hash("correct horse battery")
    assert await passwords.verify("correct horse battery", weaker)
    assert passwords.outdated(weaker)


async def test_the_loop_goes_on_while_passwords_are_hashed(passwords: Argon2PasswordHasher) -> None:
    work = asyncio.gather(*(passwords.hash(f"password {number}") for number in range(20)))
    heartbeats = 0
    while not work.done():
        await asyncio.sleep(0.001)
        heartbeats += 1
    await work
    assert heartbeats > 20


def test_importing_it_warns_of_nothing() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", "import app.infra.passwords"], check=True)
